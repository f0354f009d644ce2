// The yardstick of bench.py: reads the given addresses in turn with libcurl, each on a fresh connection, and throws the
// bodies away. It judges nothing, keeps nothing and tells nobody; what Readback costs more is what those cost.
//
//   bench_curl READS URL…        prints the CPU time of this process in milliseconds per 1,000 reads
#include <curl/curl.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

namespace {
size_t swallow(char*, size_t size, size_t count, void*) { return size * count; }
double cpu_ms() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  const int reads = std::atoi(argv[1]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  const double before = cpu_ms();
  int failed = 0;
  for (int i = 0; i < reads; ++i) {
    curl_easy_setopt(easy, CURLOPT_URL, argv[2 + i % (argc - 2)]);
    failed += curl_easy_perform(easy) != CURLE_OK;
  }
  std::printf("%.2f %d\n", (cpu_ms() - before) / reads * 1000, failed);
  curl_easy_cleanup(easy);
  return failed != 0;
}
