# What `cmake --install` puts where; the package is made from the same rules.
include(GNUInstallDirs)
install(TARGETS readbackd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS readback RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
