#include "real/ports/storage_threads.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "real/ports/test_machine.h"

namespace holdfast::real {
namespace {

TEST(StorageThreads, StopWaitsForTheRunningJobAndDropsTheOthers) {
  EventLoop loop;
  int dones = 0;
  StorageThreads threads(loop, [&](const Disk::Done& done) { done(); });
  std::atomic<bool> running = false;
  std::atomic<bool> may_end = false;
  std::atomic<int> ended = 0;
  threads.submit(
      Lane::kCommit,
      [&] {
        running = true;
        while (!may_end)
          std::this_thread::yield();
        ++ended;
      },
      [&] { ++dones; });
  threads.submit(
      Lane::kCommit, [&] { ++ended; }, [&] { ++dones; });
  while (!running)
    std::this_thread::yield();
  may_end = true;
  threads.stop();
  // The second job either never began, or began before stop() did.
  EXPECT_GE(ended, 1);
  threads.submit(
      Lane::kBulk, [&] { ended = 100; }, [&] { ++dones; });
  bool turned = false;
  loop.post([&] { turned = true; });
  loop.run_until([&] { return turned; });
  EXPECT_EQ(dones, 0) << "a done ran after stop()";
  EXPECT_LE(ended, 2);
}

TEST(StorageThreads, JobsRunOffTheLoopAndDonesOnIt) {
  EventLoop loop;
  StorageThreads threads(loop, [](const Disk::Done& done) { done(); });
  std::thread::id commit;
  std::thread::id bulk;
  std::thread::id done;
  threads.submit(
      Lane::kCommit, [&] { commit = std::this_thread::get_id(); }, [] {});
  threads.submit(
      Lane::kBulk,
      [&] { bulk = std::this_thread::get_id(); },
      [&] { done = std::this_thread::get_id(); });
  ASSERT_TRUE(run_until(loop, [&] { return threads.pending() == 0; }));
  EXPECT_EQ(done, std::this_thread::get_id());
  EXPECT_NE(commit, done);
  EXPECT_NE(bulk, done);
  EXPECT_NE(commit, bulk);
}

}  // namespace
}  // namespace holdfast::real
