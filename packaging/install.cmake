# What `cmake --install` puts where; the package is made from the same rules. The unit names /usr/sbin/readbackd and
# /etc/readback, so /usr is the prefix unless another is asked for; use DESTDIR to stage.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "install prefix" FORCE)
endif()
include(GNUInstallDirs)
install(TARGETS readbackd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS readback RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES config/readback.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/readback)
install(FILES systemd/readbackd.service DESTINATION lib/systemd/system)
install(FILES systemd/readback.sysusers DESTINATION lib/sysusers.d RENAME readback.conf)
install(FILES systemd/readback.tmpfiles DESTINATION lib/tmpfiles.d RENAME readback.conf)
