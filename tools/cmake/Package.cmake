# cpack --config build/release/CPackConfig.cmake: a package of Debian with the daemon, the command line, and a unit.
install(TARGETS holdfast holdfastd RUNTIME DESTINATION bin COMPONENT holdfast)
set(from ${PROJECT_SOURCE_DIR}/tools/package)
install(FILES ${from}/holdfastd@.service DESTINATION lib/systemd/system COMPONENT holdfast)
set(manual ${PROJECT_BINARY_DIR}/manual)
install(FILES ${manual}/holdfast.1.gz DESTINATION share/man/man1 COMPONENT holdfast)
install(FILES ${manual}/holdfastd.8.gz DESTINATION share/man/man8 COMPONENT holdfast)
install(FILES ${manual}/holdfast ${manual}/holdfastd DESTINATION share/bash-completion/completions COMPONENT holdfast)
set(documents ${PROJECT_SOURCE_DIR}/docs)
install(FILES ${documents}/operations.md ${documents}/API.md ${documents}/log_format.md ${documents}/monitoring/grafana.json
              ${from}/example.toml ${PROJECT_SOURCE_DIR}/real/server/grpc/holdfast.proto
        DESTINATION share/doc/holdfast COMPONENT holdfast)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/holdfast RENAME copyright COMPONENT holdfast)

# What a program needs that links the log: find_package(holdfast), then holdfast::real_client, or holdfast::real_server
# to run a member inside (docs/API.md; tools/examples/).
set(layers env fiber model codec protocol storage real_ports real_client real_server)
list(TRANSFORM layers PREPEND holdfast_)
install(TARGETS ${layers} EXPORT holdfast COMPONENT dev
        ARCHIVE DESTINATION lib/holdfast
        FILE_SET HEADERS DESTINATION include/holdfast)
install(EXPORT holdfast NAMESPACE holdfast:: FILE holdfastTargets.cmake DESTINATION lib/cmake/holdfast COMPONENT dev)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/tools/cmake/holdfastConfig.cmake ${PROJECT_BINARY_DIR}/holdfastConfigVersion.cmake
        DESTINATION lib/cmake/holdfast COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/examples/ DESTINATION share/doc/libholdfast-dev/examples COMPONENT dev)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/libholdfast-dev RENAME copyright COMPONENT dev)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL holdfast dev)
set(CPACK_PACKAGE_NAME holdfast)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the holdfast project <holdfast@localhost>")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_HOLDFAST_PACKAGE_NAME holdfast)
set(CPACK_DEBIAN_HOLDFAST_DESCRIPTION "replicated log: a member, and its command line
A log that several machines keep, by multi-Paxos.
A member that lost its disk comes back by itself.")
set(CPACK_DEBIAN_HOLDFAST_PACKAGE_SECTION database)
set(CPACK_DEBIAN_HOLDFAST_PACKAGE_DEPENDS "passwd")
set(CPACK_DEBIAN_HOLDFAST_PACKAGE_CONTROL_EXTRA ${from}/postinst ${from}/prerm ${from}/postrm)

# What find_package(holdfast) looks for.
# Semicolons of comments would part a line of the list.
file(STRINGS ${PROJECT_SOURCE_DIR}/tools/packages.txt needed REGEX "^lib.*-dev|^(nlohmann|prometheus).*-dev")
list(FILTER needed EXCLUDE REGEX "gtest|gmock|rapidcheck|benchmark|cli11|grpc")
list(TRANSFORM needed REPLACE " .*" "")
list(TRANSFORM needed STRIP)
list(REMOVE_ITEM needed "")
list(JOIN needed ", " needed)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libholdfast-dev)
set(CPACK_DEBIAN_DEV_DESCRIPTION "replicated log: libraries for programs
A client of the log, and a member of it that runs inside a program.")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${needed}")
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
include(CPack)
