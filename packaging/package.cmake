# The Debian package, by CPack. Its scripts are in packaging/deb.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME readback)
set(CPACK_PACKAGE_CONTACT "The Readback authors <readback@packages.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "read-only watchdog for a Helpifyr environment")
set(CPACK_PACKAGE_DESCRIPTION
    "readbackd reads the health, services, observability and security surfaces of
a running platform, compares them, proves which boundary failed, keeps the
evidence from before and after, and pages once. It never changes anything: it
sends GET and HEAD only, and runs its checks in a sandbox.

The client readback shows what is wrong, since when, why, and what the next
safe step is.")
set(CPACK_VERBATIM_VARIABLES YES)
set(CPACK_STRIP_FILES YES)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR YES)  # the configuration goes to /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# Made for the suite whose libraries it was linked with; the names sort as the suites do, so that an upgrade of the system
# upgrades it as well.
cmake_host_system_information(RESULT readback_suite QUERY DISTRIB_INFO)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
if(readback_suite_ID STREQUAL "debian" AND readback_suite_VERSION_ID)
  string(APPEND CPACK_DEBIAN_PACKAGE_RELEASE "~deb${readback_suite_VERSION_ID}u1")
endif()
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS YES)
# libarchive is loaded, not linked: what looks for the libraries does not see it. Its package is called differently from
# Debian 13 on.
execute_process(COMMAND dpkg-query --search */libarchive.so.13 OUTPUT_VARIABLE readback_libarchive ERROR_QUIET)
if(NOT readback_libarchive MATCHES "^([a-z0-9.+-]+)")
  set(CMAKE_MATCH_1 libarchive13)
endif()
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "${CMAKE_MATCH_1}, systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, python3")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus-alertmanager, nats-server, bash-completion")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION YES)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/packaging/deb/conffiles ${PROJECT_SOURCE_DIR}/packaging/deb/postinst
    ${PROJECT_SOURCE_DIR}/packaging/deb/prerm ${PROJECT_SOURCE_DIR}/packaging/deb/postrm)
include(CPack)

# CPack's own target `package` builds all first, the tests too; the package needs only what is installed.
add_custom_target(deb COMMAND ${CMAKE_CPACK_COMMAND} --config ${PROJECT_BINARY_DIR}/CPackConfig.cmake
                  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} USES_TERMINAL VERBATIM)
add_dependencies(deb readbackd readback readback_documents)
