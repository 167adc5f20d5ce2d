# The simulated disk: real LevelDB over files in memory.
holdfast_layer(sim_disk
  HEADERS disk_options.h file_system.h sim_disk.h sim_env.h
  SOURCES condition_variable_hook.cc disk_options.cc file_system.cc power_loss.cc sim_disk.cc sim_env.cc
  DEPS env
  LIBS leveldb::leveldb ${CMAKE_DL_LIBS})
# libleveldb.so must find our std::condition_variable::wait (condition_variable_hook.cc).
target_link_options(holdfast_sim_disk INTERFACE
  "LINKER:--export-dynamic-symbol=_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE")

holdfast_test(file_system_test SOURCES file_system_test.cc DEPS sim_disk)
holdfast_test(sim_env_test SOURCES sim_env_test.cc leveldb_fixture.h DEPS sim_disk)
holdfast_test(sim_disk_test SOURCES sim_disk_test.cc leveldb_fixture.h DEPS sim_disk)
holdfast_test(crash_matrix_test SOURCES crash_matrix_test.cc leveldb_fixture.h DEPS sim_disk)

add_executable(sim_disk_bench sim_disk_bench.cc)
target_link_libraries(sim_disk_bench PRIVATE holdfast::sim_disk holdfast_warnings benchmark::benchmark)
