#include "sim/sim_disk.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/leveldb_fixture.h"

namespace holdfast::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Delivers wakeups in the order of their time.
class TestHost final : public DiskHost {
 public:
  struct Wakeup {
    Duration at;
    std::uint64_t ticket = 0;
  };

  void disk_wakeup(NodeId, std::uint64_t ticket, Duration after) override {
    wakeups.push_back({.at = now + after, .ticket = ticket});
  }

  // False if nothing is left to happen.
  bool step(SimDisk& disk) {
    if (wakeups.empty()) return false;
    const auto next =
        std::min_element(wakeups.begin(), wakeups.end(), [](const Wakeup& a, const Wakeup& b) {
          return a.at < b.at;
        });
    now = next->at;
    const std::uint64_t ticket = next->ticket;
    wakeups.erase(next);
    disk.complete(ticket);
    return true;
  }

  void run(SimDisk& disk) {
    while (step(disk)) {
    }
  }

  Duration now;
  std::vector<Wakeup> wakeups;
};

class SimDiskTest : public ::testing::Test {
 protected:
  // A job that writes `name` into the trace, and whose end does so as well.
  void submit(Lane lane, const std::string& name) {
    disk_.submit(
        lane,
        [this, name] { trace_.push_back(name); },
        [this, name] { trace_.push_back(name + "!"); });
  }

  // Appends letters to a synced file, one operation each.
  Disk::Job write_letters(const std::string& path, int letters) {
    return [this, path, letters] {
      leveldb::WritableFile* file = nullptr;
      if (!disk_.env().NewWritableFile(path, &file).ok()) return;
      for (int i = 0; i < letters; ++i)
        (void)file->Append(std::string(1, static_cast<char>('a' + i)));
      (void)file->Sync();
      delete file;
      (void)disk_.sync_directory("/");
    };
  }

  std::string read(const std::string& path) {
    std::string bytes;
    const leveldb::Status status = leveldb::ReadFileToString(&disk_.env(), path, &bytes);
    return status.ok() ? bytes : "(" + status.ToString() + ")";
  }

  TestHost host_;
  SimDisk disk_{NodeId{1}, 1, DiskOptions{}, host_};
  std::vector<std::string> trace_;
};

TEST_F(SimDiskTest, NothingRunsInsideSubmit) {
  submit(Lane::kCommit, "a");
  EXPECT_THAT(trace_, IsEmpty());
  EXPECT_FALSE(disk_.idle());
  host_.run(disk_);
  EXPECT_THAT(trace_, ElementsAre("a", "a!"));
  EXPECT_TRUE(disk_.idle());
}

TEST_F(SimDiskTest, LanesAreQueuesThatDoNotWaitForEachOther) {
  DiskOptions options;
  options.bulk.base = Duration::seconds(1);
  options.commit.tail_per_million = 0;
  SimDisk disk(NodeId{1}, 1, options, host_);
  const auto job = [this](const std::string& name) {
    return [this, name] { trace_.push_back(name); };
  };
  disk.submit(Lane::kBulk, job("slow"), nullptr);
  disk.submit(Lane::kCommit, job("1"), nullptr);
  disk.submit(Lane::kCommit, job("2"), nullptr);
  disk.submit(Lane::kCommit, job("3"), nullptr);
  EXPECT_EQ(host_.wakeups.size(), 2u) << "one job of a lane is in flight";
  host_.run(disk);
  EXPECT_THAT(trace_, ElementsAre("1", "2", "3", "slow"));
}

TEST_F(SimDiskTest, AJobMaySubmitTheNextFromItsEnd) {
  disk_.submit(
      Lane::kCommit, [this] { trace_.push_back("a"); }, [this] { submit(Lane::kCommit, "b"); });
  host_.run(disk_);
  EXPECT_THAT(trace_, ElementsAre("a", "b", "b!"));
}

TEST_F(SimDiskTest, LatencyIsDrawnPerJobAndBounded) {
  DiskOptions options;
  options.commit = {.base = Duration::microseconds(100),
                    .spread = Duration::microseconds(50),
                    .tail_per_million = 100'000,
                    .tail_doublings_max = 3};
  const auto latencies = [&](std::uint64_t seed) {
    TestHost host;
    SimDisk disk(NodeId{2}, seed, options, host);
    std::vector<std::int64_t> result;
    for (int i = 0; i < 1'000; ++i) {
      disk.submit(
          Lane::kCommit, [] {}, nullptr);
      result.push_back((host.wakeups.front().at - host.now).ns());
      host.step(disk);
    }
    const auto tails = static_cast<std::size_t>(
        std::count_if(result.begin(), result.end(), [](std::int64_t ns) { return ns >= 150'000; }));
    EXPECT_EQ(tails, disk.faults().of(DiskFault::kTailLatency));
    return result;
  };
  const std::vector<std::int64_t> first = latencies(5);
  EXPECT_EQ(first, latencies(5));
  EXPECT_NE(first, latencies(6));
  EXPECT_GE(*std::min_element(first.begin(), first.end()), 100'000);
  const std::int64_t longest = *std::max_element(first.begin(), first.end());
  EXPECT_GE(longest, 800'000);
  EXPECT_LT(longest, 150'000 * 8);
}

TEST_F(SimDiskTest, SlowDisksTakeLongerAndStalledOnesWait) {
  disk_.set_slow(10);
  submit(Lane::kCommit, "a");
  EXPECT_GE(host_.wakeups.front().at, Duration::microseconds(1'500));
  disk_.set_stalled();
  host_.run(disk_);
  EXPECT_THAT(trace_, IsEmpty());
  disk_.clear_stalled();
  host_.run(disk_);
  EXPECT_THAT(trace_, ElementsAre("a", "a!"));
  EXPECT_EQ(disk_.faults().of(DiskFault::kSlow), 1u);
  EXPECT_EQ(disk_.faults().of(DiskFault::kStall), 1u);
}

TEST_F(SimDiskTest, DroppedJobsNeverHappened) {
  submit(Lane::kCommit, "commit");
  submit(Lane::kBulk, "bulk");
  submit(Lane::kBulk, "queued");
  disk_.crash({});
  submit(Lane::kCommit, "late");
  EXPECT_FALSE(disk_.alive());
  EXPECT_FALSE(disk_.sync_directory("/"));
  host_.run(disk_);
  disk_.boot();
  host_.run(disk_);
  EXPECT_THAT(trace_, IsEmpty());
  EXPECT_EQ(disk_.faults().of(DiskFault::kJobDropped), 2u);
  submit(Lane::kCommit, "next life");
  host_.run(disk_);
  EXPECT_THAT(trace_, ElementsAre("next life", "next life!"));
}

TEST_F(SimDiskTest, WakeupsOfADeadLifeCompleteNothing) {
  submit(Lane::kCommit, "old");
  disk_.crash({});
  disk_.boot();
  submit(Lane::kCommit, "new");
  const std::uint64_t stale = host_.wakeups.front().ticket;
  disk_.complete(stale);
  EXPECT_THAT(trace_, IsEmpty());
}

TEST_F(SimDiskTest, ACutJobStopsAtItsOperationInEitherLane) {
  for (const Lane lane : {Lane::kCommit, Lane::kBulk}) {
    // Create, five appends, sync, directory sync.
    for (std::uint64_t operation = 0; operation <= 9; ++operation) {
      const std::string path = "/f" + std::to_string(operation);
      bool answered = false;
      disk_.submit(lane, write_letters(path, 5), [&answered] { answered = true; });
      const JobFate cut{.kind = JobFate::Kind::kCut, .operation = operation, .tear = 0};
      const std::uint64_t cuts = disk_.faults().of(DiskFault::kJobCut);
      disk_.crash({.commit = cut, .bulk = cut, .power = std::nullopt});
      disk_.boot();
      EXPECT_FALSE(answered);
      EXPECT_EQ(disk_.faults().of(DiskFault::kJobCut) - cuts, operation < 8 ? 1u : 0u);
      const std::size_t least = operation == 0 ? 0 : std::min<std::size_t>(operation - 1, 5);
      if (operation == 0) {
        EXPECT_FALSE(disk_.env().FileExists(path));
      } else {
        EXPECT_TRUE(std::string("abcde").starts_with(read(path))) << read(path);
        EXPECT_GE(read(path).size(), least);
        EXPECT_LE(read(path).size(), least + 1);
      }
    }
  }
}

TEST_F(SimDiskTest, AfterACutTheOtherLanesJobIsDropped) {
  const auto crash = [this](Lane first) {
    disk_.wipe();
    disk_.submit(Lane::kCommit, write_letters("/commit", 2), nullptr);
    disk_.submit(Lane::kBulk, write_letters("/bulk", 2), nullptr);
    disk_.crash({.commit = {.kind = JobFate::Kind::kCut, .operation = 3},
                 .bulk = {.kind = JobFate::Kind::kCompleted},
                 .first = first,
                 .power = std::nullopt});
    disk_.boot();
  };
  crash(Lane::kCommit);
  EXPECT_EQ(read("/commit"), "ab");
  EXPECT_FALSE(disk_.env().FileExists("/bulk"));
  crash(Lane::kBulk);
  EXPECT_EQ(read("/commit"), "ab");
  EXPECT_EQ(read("/bulk"), "ab");
  EXPECT_EQ(disk_.faults().of(DiskFault::kJobUnanswered), 1u);
}

TEST_F(SimDiskTest, PowerLossIsDecidedAtBoot) {
  const auto life = [this](std::optional<PowerLoss> power) {
    disk_.submit(
        Lane::kCommit,
        [this] {
          leveldb::WritableFile* file = nullptr;
          EXPECT_TRUE(disk_.env().NewWritableFile("/f", &file).ok());
          EXPECT_TRUE(file->Append("unsynced").ok());
          delete file;
        },
        nullptr);
    host_.run(disk_);
    disk_.crash({.power = power});
    disk_.boot();
    return disk_.env().FileExists("/f");
  };
  EXPECT_TRUE(life(std::nullopt)) << "only the process died";
  EXPECT_FALSE(life(PowerLoss{})) << "it was still unsynced";
  EXPECT_TRUE(life(PowerLoss{.data = UnsyncedData::kLost, .entries = UnsyncedEntries::kKept}));
  EXPECT_EQ(read("/f"), "");
  EXPECT_EQ(disk_.faults().of(DiskFault::kProcessKilled), 1u);
  EXPECT_EQ(disk_.faults().of(DiskFault::kDataLost), 1u);
  EXPECT_EQ(disk_.faults().of(DiskFault::kEntriesLost), 1u);
}

TEST_F(SimDiskTest, WipeAndStaleCopy) {
  disk_.submit(Lane::kCommit, write_letters("/f", 3), nullptr);
  host_.run(disk_);
  const FileSystemImage image = disk_.snapshot();
  disk_.crash({});
  disk_.wipe();
  EXPECT_FALSE(disk_.env().FileExists("/f"));
  disk_.restore_snapshot(image);
  EXPECT_EQ(read("/f"), "abc");
  EXPECT_EQ(disk_.flip_bit("f", 1), "/f");
  EXPECT_EQ(read("/f"), "cbc");
  EXPECT_EQ(disk_.used_bytes(), 3u);
}

TEST_F(SimDiskTest, ErrorsOfTheOptionsReturnWhenOthersAreCleared) {
  DiskOptions options;
  options.errors_per_million[static_cast<std::size_t>(DiskOperation::kDirectory)] = 1'000'000;
  SimDisk disk(NodeId{1}, 1, options, host_);
  EXPECT_FALSE(disk.sync_directory("/"));
  disk.set_errors(DiskOperation::kDirectory, 0);
  EXPECT_TRUE(disk.sync_directory("/"));
  disk.clear_errors();
  EXPECT_FALSE(disk.sync_directory("/"));
  EXPECT_EQ(disk.faults().of(DiskFault::kDirectoryError), 2u);
}

// A whole node's life: LevelDB opened, written, compacted and crashed inside jobs.
std::uint64_t digest_of_lives(std::uint64_t seed) {
  TestHost host;
  SimDisk disk(NodeId{3}, seed, DiskOptions{}, host);
  auto& env = static_cast<SimEnv&>(disk.env());
  int acknowledged = 0;
  for (std::uint64_t life = 0; life < 6; ++life) {
    std::unique_ptr<Database> database;
    disk.submit(
        Lane::kCommit,
        [&] { database = std::make_unique<Database>(env, DirectorySyncs::kAdded); },
        nullptr);
    host.run(disk);
    EXPECT_TRUE(database->opened().ok()) << database->opened().ToString();
    for (int i = 0; i < acknowledged; ++i) {
      std::string value;
      EXPECT_TRUE(database->get("key" + std::to_string(i), &value).ok()) << life << " " << i;
    }
    bool ok = false;  // A job cut by the crash below writes it as well.
    for (int i = 0; i < 60; ++i) {
      disk.submit(
          Lane::kCommit,
          [&] {
            ok = database->put("key" + std::to_string(acknowledged), std::string(2'000, 'v')).ok();
          },
          [&] { acknowledged += ok ? 1 : 0; });
      disk.submit(
          Lane::kBulk, [&] { database->db().CompactRange(nullptr, nullptr); }, nullptr);
      if (i < 59) host.run(disk);
    }
    disk.crash(
        {.commit = {.kind = JobFate::Kind::kCut, .operation = life, .tear = life},
         .bulk = {.kind = JobFate::Kind::kCut, .operation = 2 * life},
         .first = life % 2 == 0 ? Lane::kBulk : Lane::kCommit,
         .power = PowerLoss{.data = UnsyncedData::kTorn, .entries = UnsyncedEntries::kSubset}});
    database.reset();
    disk.boot();
  }
  EXPECT_GE(acknowledged, 6 * 59);
  return disk.digest();
}

TEST(SimDiskLives, LevelDbLivesThroughCrashesTheSameWayTwice) {
  EXPECT_EQ(digest_of_lives(11), digest_of_lives(11));
  EXPECT_NE(digest_of_lives(11), digest_of_lives(12));
}

TEST(SimDiskFaults, EveryFaultHasAName) {
  for (std::size_t fault = 0; fault < kDiskFaultCount; ++fault) {
    EXPECT_FALSE(name_of(static_cast<DiskFault>(fault)).empty());
  }
}

}  // namespace
}  // namespace holdfast::sim
