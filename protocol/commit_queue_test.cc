#include "protocol/commit_queue.h"

#include <deque>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fiber/scheduler.h"
#include "protocol/test_store.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StillClock final : public Clock {
 public:
  Instant now() const override { return Instant::at(0); }

  void set_alarm(Instant) override {}
};

// Ends a job when the test says so.
class HandDisk final : public Disk {
 public:
  void submit(Lane lane, Job job, Done done) override {
    EXPECT_EQ(lane, Lane::kCommit);
    jobs.push_back({std::move(job), std::move(done)});
  }

  bool sync_directory(const std::string&) override { return true; }

  void complete() {
    ASSERT_FALSE(jobs.empty());
    auto [job, done] = std::move(jobs.front());
    jobs.pop_front();
    job();
    done();
  }

  std::deque<std::pair<Job, Done>> jobs;
};

class CommitQueueTest : public ::testing::Test {
 protected:
  void end_step() {
    scheduler_.run();
    queue_.begin([this](const WriteBatch&) { said_.push_back("batch"); });
  }

  void complete() {
    disk_.complete();
    end_step();
  }

  bool when_durable(std::string what) {
    return queue_.when_durable([this, what = std::move(what)] { said_.push_back(what); });
  }

  static Action vote(std::uint64_t position, std::uint64_t ballot = 1) {
    return {.position = {position},
            .promised = {ballot},
            .performed = {ballot},
            .learned = false,
            .value = Value::nop()};
  }

  std::vector<std::uint64_t> positions(std::size_t batch) const {
    std::vector<std::uint64_t> all;
    for (const Action& action : image_.batches.at(batch).actions)
      all.push_back(action.position.value);
    return all;
  }

  StillClock clock_;
  HandDisk disk_;
  test::ToyImage image_;
  std::vector<std::string> said_;
  std::vector<std::string> failures_;
  Scheduler scheduler_{clock_};
  CommitQueue queue_{
      disk_, scheduler_, std::make_shared<test::ToyStore>(image_), [this](const StoreError& error) {
        failures_.push_back(error.text);
      }};
};

TEST_F(CommitQueueTest, WithNothingStagedEffectsHappenAtOnce) {
  EXPECT_FALSE(when_durable("a"));
  EXPECT_THAT(said_, ElementsAre("a"));
  end_step();
  EXPECT_THAT(disk_.jobs, IsEmpty());
}

TEST_F(CommitQueueTest, EffectsWaitForTheirBatchAndKeepTheirOrder) {
  queue_.stage(vote(3));
  EXPECT_TRUE(when_durable("a"));
  queue_.stage(vote(2));
  EXPECT_TRUE(when_durable("b"));
  EXPECT_TRUE(when_durable("c"));
  end_step();
  EXPECT_THAT(said_, IsEmpty());
  ASSERT_EQ(disk_.jobs.size(), 1u);
  complete();
  EXPECT_THAT(said_, ElementsAre("batch", "a", "b", "c"));
  EXPECT_THAT(positions(0), ElementsAre(2, 3));
}

TEST_F(CommitQueueTest, OneBatchInFlightTheRestFormsTheNext) {
  queue_.stage(vote(1));
  when_durable("a");
  end_step();
  queue_.stage(vote(2));
  when_durable("b");
  queue_.stage(vote(3));
  end_step();
  end_step();
  EXPECT_EQ(disk_.jobs.size(), 1u);
  complete();
  EXPECT_THAT(said_, ElementsAre("batch", "a"));
  ASSERT_EQ(disk_.jobs.size(), 1u);
  complete();
  EXPECT_THAT(said_, ElementsAre("batch", "a", "batch", "b"));
  EXPECT_THAT(positions(1), ElementsAre(2, 3));
}

TEST_F(CommitQueueTest, AnEffectOfStateInFlightWaitsForThatBatchOnly) {
  queue_.stage(vote(1));
  end_step();
  EXPECT_TRUE(when_durable("a"));
  queue_.stage(vote(2));
  end_step();
  complete();
  EXPECT_THAT(said_, ElementsAre("batch", "a"));
}

TEST_F(CommitQueueTest, TheLastRecordOfAPositionIsTheOneWritten) {
  queue_.stage(vote(1, 1));
  queue_.stage(vote(1, 9));
  end_step();
  complete();
  ASSERT_EQ(image_.batches.at(0).actions.size(), 1u);
  EXPECT_EQ(image_.batches.at(0).actions[0].promised, Ballot{9});
}

TEST_F(CommitQueueTest, LazyRecordsStartNoBatchAndHoldNothing) {
  queue_.stage_lazily(vote(1));
  EXPECT_FALSE(when_durable("a"));
  end_step();
  EXPECT_THAT(disk_.jobs, IsEmpty());
  queue_.stage(Metadata{});
  end_step();
  complete();
  EXPECT_THAT(positions(0), ElementsAre(1));
  EXPECT_TRUE(image_.batches.at(0).metadata.has_value());
}

TEST_F(CommitQueueTest, ALazyRecordThatReplacesAStagedOneKeepsItsBatchWanted) {
  queue_.stage(vote(1, 1));
  when_durable("vote");
  Action learned = vote(1, 1);
  learned.learned = true;
  queue_.stage_lazily(learned);
  end_step();
  complete();
  EXPECT_TRUE(image_.batches.at(0).actions[0].learned);
  EXPECT_THAT(said_, ElementsAre("batch", "vote"));
}

TEST_F(CommitQueueTest, ManyLazyRecordsStartABatchOfTheirOwn) {
  for (std::uint64_t i = 1; i < CommitQueue::kLazyPositionsMax; ++i)
    queue_.stage_lazily(vote(i));
  end_step();
  EXPECT_THAT(disk_.jobs, IsEmpty());
  EXPECT_FALSE(queue_.crowded());
  queue_.stage_lazily(vote(0));
  EXPECT_TRUE(queue_.crowded());
  end_step();
  EXPECT_FALSE(queue_.crowded());
  complete();
  EXPECT_EQ(image_.batches.at(0).actions.size(), CommitQueue::kLazyPositionsMax);
}

TEST_F(CommitQueueTest, LargeLazyRecordsStartABatchOfTheirOwn) {
  Action large = vote(1);
  large.value =
      Value::append(std::make_shared<const std::string>(CommitQueue::kLazyBytesMax, 'x'), {});
  queue_.stage_lazily(large);
  end_step();
  EXPECT_EQ(disk_.jobs.size(), 1u);
}

TEST_F(CommitQueueTest, AFailedBatchReleasesNothingEver) {
  queue_.stage(vote(1));
  when_durable("a");
  end_step();
  queue_.stage(vote(2));
  when_durable("b");
  image_.fail_write = StoreError{StoreError::Kind::kIo, "device gone"};
  complete();
  EXPECT_THAT(failures_, ElementsAre("device gone"));
  end_step();
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_THAT(disk_.jobs, IsEmpty()) << "nothing is written after a failure";
  EXPECT_TRUE(when_durable("c")) << "what was staged is not durable and never will be";
}

TEST_F(CommitQueueTest, FibersWaitForTheBatchOfWhatTheyStaged) {
  bool done = false;
  scheduler_.spawn([&] {
    queue_.stage(vote(1));
    queue_.wait(queue_.last_staged());
    done = true;
  });
  end_step();
  EXPECT_FALSE(done);
  complete();
  EXPECT_TRUE(done);
}

TEST_F(CommitQueueTest, SequencesNameBatches) {
  EXPECT_EQ(queue_.last_staged(), queue_.durable());
  queue_.stage(vote(1));
  const auto first = queue_.last_staged();
  EXPECT_GT(first, queue_.durable());
  end_step();
  EXPECT_EQ(queue_.last_staged(), first);
  queue_.stage(vote(2));
  EXPECT_EQ(queue_.last_staged(), first + 1);
  complete();
  EXPECT_EQ(queue_.durable(), first);
}

TEST_F(CommitQueueTest, AnEffectMayStageMore) {
  queue_.stage(vote(1));
  queue_.when_durable([this] {
    queue_.stage(vote(2));
    when_durable("second");
  });
  when_durable("first");
  end_step();
  complete();
  EXPECT_THAT(said_, ElementsAre("batch", "first"));
  complete();
  EXPECT_THAT(said_, ElementsAre("batch", "first", "batch", "second"));
}

}  // namespace
}  // namespace holdfast
