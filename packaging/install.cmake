# What `cmake --install` puts where; the package is made from the same rules. The unit names /usr/sbin/readbackd and
# /etc/readback, so /usr is the prefix unless another is asked for; use DESTDIR to stage.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "install prefix" FORCE)
endif()
include(GNUInstallDirs)
set(examples ${CMAKE_INSTALL_DATADIR}/doc/readback/examples)

install(TARGETS readbackd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS readback RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES config/readback.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/readback)
install(FILES config/readback.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/readback)
install(FILES packaging/openapi/readback.json DESTINATION ${CMAKE_INSTALL_DATADIR}/readback RENAME openapi.json)

install(FILES systemd/readbackd.service DESTINATION lib/systemd/system)
install(FILES systemd/readback.sysusers DESTINATION lib/sysusers.d RENAME readback.conf)
install(FILES systemd/readback.tmpfiles DESTINATION lib/tmpfiles.d RENAME readback.conf)

install(FILES packaging/completion/readback.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME readback)
install(FILES packaging/completion/_readback DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES packaging/completion/readback.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

file(GLOB shipped_examples CONFIGURE_DEPENDS packaging/examples/*)
install(FILES ${shipped_examples} DESTINATION ${examples})
install(FILES packaging/alertmanager/alertmanager.yml packaging/prometheus/rules.yml DESTINATION ${examples})
install(FILES packaging/nats/nats-server.conf DESTINATION ${examples}/nats)
install(FILES packaging/grafana/readback.json DESTINATION ${examples} RENAME grafana.json)

# What Debian wants compressed: no name and no time inside, so that the same source makes the same file.
function(readback_compressed source name destination)
  set(result ${PROJECT_BINARY_DIR}/compressed/${name}.gz)
  add_custom_command(OUTPUT ${result} DEPENDS ${PROJECT_SOURCE_DIR}/${source} VERBATIM
                     COMMAND sh -c "mkdir -p \"$(dirname \"$2\")\" && gzip -9nc \"$1\" >\"$2\"" - ${PROJECT_SOURCE_DIR}/${source} ${result})
  install(FILES ${result} DESTINATION ${destination})
  set_property(GLOBAL APPEND PROPERTY readback_compressed ${result})
endfunction()
readback_compressed(packaging/man/readback.1 readback.1 ${CMAKE_INSTALL_MANDIR}/man1)
readback_compressed(packaging/man/readback.yaml.5 readback.yaml.5 ${CMAKE_INSTALL_MANDIR}/man5)
readback_compressed(packaging/man/readbackd.8 readbackd.8 ${CMAKE_INSTALL_MANDIR}/man8)
readback_compressed(packaging/deb/changelog changelog.Debian ${CMAKE_INSTALL_DATADIR}/doc/readback)
get_property(compressed GLOBAL PROPERTY readback_compressed)
add_custom_target(readback_documents ALL DEPENDS ${compressed})
install(FILES packaging/deb/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME readback)
file(GLOB guide CONFIGURE_DEPENDS packaging/guide/*.md)
install(FILES ${guide} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/readback/guide)
install(FILES packaging/deb/copyright README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/readback)

include(packaging/package.cmake)
