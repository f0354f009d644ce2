// The one translation unit with doctest's runner. Its own signal handlers stay off: shell tests use signals.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
