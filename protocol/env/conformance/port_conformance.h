#pragma once

// The suite that every implementation of the ports must pass, simulated or real.
//
// To run it on a world: write a PortsHarness for it, include this header in ONE source file of a
// test program, and say there
//
//   INSTANTIATE_TEST_SUITE_P(MyWorld, PortConformance, ::testing::Values(&make_my_harness));
//
// with `std::unique_ptr<PortsHarness> make_my_harness()`, in namespace holdfast::conformance; link
// holdfast_env_conformance.  protocol/env/conformance/toy_world_test.cc is an example; the one for
// sim::World is sim/port_conformance_test.cc.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/env/check.h"
#include "protocol/env/conformance/harness.h"
#include "protocol/env/conformance/scripted_node.h"

namespace holdfast::conformance {

using HarnessFactory = std::unique_ptr<PortsHarness> (*)();

inline constexpr Duration kShort = Duration::milliseconds(10);

class PortConformance : public ::testing::TestWithParam<HarnessFactory> {
 protected:
  // Boots one node per script and lets all of them act to the end.
  void play(std::vector<Script> scripts) {
    harness_ = GetParam()();
    nodes_.clear();
    const auto count = static_cast<std::uint8_t>(scripts.size());
    harness_->boot(count, [&](NodeId id, const Ports& ports) {
      auto node = std::make_unique<ScriptedNode>(id, ports, scripts.at(id.value - 1u), stage_);
      nodes_.push_back(node.get());
      return node;
    });
    harness_->settle();
  }

  ScriptedNode& node(std::uint8_t id) {
    for (ScriptedNode* node : nodes_) {
      if (node->id() == NodeId{id}) return *node;
    }
    HOLDFAST_UNREACHABLE("no such node");
  }

  Stage stage_;
  std::unique_ptr<PortsHarness> harness_;
  std::vector<ScriptedNode*> nodes_;
};

// ------------------------------------------------------------------------------------------- steps

TEST_P(PortConformance, EveryNodeStartsOnceBeforeAnythingElse) {
  int starts = 0;
  int frames = 0;
  const Script script{
      .start =
          [&](ScriptedNode& self) {
            ++starts;
            for (std::uint8_t to = 1; to <= 3; ++to) {
              if (to != self.id().value) self.send(to, "hello");
            }
          },
      .frame = [&](ScriptedNode&, const std::string&) { ++frames; },
  };
  play({script, script, script});
  EXPECT_EQ(starts, 3);
  EXPECT_LE(frames, 6);
}

// Every kind of step asks for every kind of effect; ScriptedNode checks that none of them happens
// inside the step, and that every step is one.
TEST_P(PortConformance, StepsNeverNest) {
  constexpr int kSteps = 60;
  const auto act = [](ScriptedNode& self) {
    if (self.steps() > kSteps) return self.set_alarm(Instant::never());
    self.set_alarm(self.now());
    self.send(self.id().value == 1 ? 2 : 1, "next");
    self.submit(
        Lane::kCommit, [] {}, [](ScriptedNode& same) { same.send(3, "done"); });
  };
  const Script script{
      .start = act,
      .frame = [=](ScriptedNode& self, const std::string&) { act(self); },
      .alarm = act,
  };
  play({script, script, {}});
  EXPECT_GT(node(1).steps(), kSteps);
  EXPECT_GT(node(2).steps(), kSteps);
  EXPECT_GT(node(3).steps(), 1);
}

TEST_P(PortConformance, EffectsLeaveWhenTheStepEnds) {
  bool stepping = false;
  std::vector<std::string> arrived;
  play({{.start =
             [&](ScriptedNode& self) {
               stepping = true;
               self.send(2, "first");
               self.set_alarm(self.now());
               self.submit(
                   Lane::kBulk, [] {}, [&](ScriptedNode&) { EXPECT_FALSE(stepping); });
               self.send(2, "second");
               EXPECT_TRUE(arrived.empty()) << "a frame arrives inside the step that sends it";
               stepping = false;
             },
         .alarm = [&](ScriptedNode&) { EXPECT_FALSE(stepping); }},
        {.frame = [&](ScriptedNode&, const std::string& bytes) { arrived.push_back(bytes); }}});
  EXPECT_THAT(arrived, ::testing::UnorderedElementsAre("first", "second"));
}

// ------------------------------------------------------------------------------------------- Clock

TEST_P(PortConformance, TheClockNeverGoesBack) {
  constexpr int kAlarms = 100;
  std::vector<Instant> seen;
  const auto next = [&](ScriptedNode& self) {
    seen.push_back(self.now());
    if (seen.size() < kAlarms) self.set_alarm(self.now() + Duration::microseconds(100));
  };
  play({{.start = next, .alarm = next}});
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(kAlarms));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_GE(seen.back() - seen.front(), Duration::microseconds(100) * (kAlarms - 1));
}

TEST_P(PortConformance, AnAlarmFiresOnceAndNotEarly) {
  Instant set;
  std::vector<Instant> fired;
  play({{.start =
             [&](ScriptedNode& self) {
               set = self.now() + kShort;
               self.set_alarm(set);
             },
         .alarm = [&](ScriptedNode& self) { fired.push_back(self.now()); }}});
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_GE(fired[0], set);
}

TEST_P(PortConformance, ALaterAlarmReplacesAnEarlierOne) {
  Instant set;
  std::vector<Instant> fired;
  play({{.start =
             [&](ScriptedNode& self) {
               self.set_alarm(self.now() + kShort);
               set = self.now() + kShort * 3;
               self.set_alarm(set);
             },
         .alarm = [&](ScriptedNode& self) { fired.push_back(self.now()); }}});
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_GE(fired[0], set);
}

TEST_P(PortConformance, AnEarlierAlarmReplacesALaterOne) {
  std::vector<Instant> fired;
  Instant replaced;
  play({{.start =
             [&](ScriptedNode& self) {
               replaced = self.now() + Duration::seconds(3'600);
               self.set_alarm(replaced);
               self.set_alarm(self.now() + kShort);
             },
         .alarm = [&](ScriptedNode& self) { fired.push_back(self.now()); }}});
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_LT(fired[0], replaced);
}

TEST_P(PortConformance, AnAlarmIsReplacedByASetInALaterStep) {
  Instant set;
  std::vector<Instant> fired;
  play({{.start =
             [&](ScriptedNode& self) {
               self.set_alarm(self.now() + Duration::seconds(3'600));
               self.submit(
                   Lane::kCommit,
                   [] {},
                   [&](ScriptedNode& same) {
                     set = same.now() + kShort;
                     same.set_alarm(set);
                   });
             },
         .alarm = [&](ScriptedNode& self) { fired.push_back(self.now()); }}});
  ASSERT_EQ(fired.size(), 1u);
  EXPECT_GE(fired[0], set);
  EXPECT_LT(fired[0], set + Duration::seconds(3'000));
}

TEST_P(PortConformance, NeverCancelsTheAlarm) {
  int fired = 0;
  play(
      {{.start =
            [](ScriptedNode& self) {
              self.set_alarm(self.now() + kShort);
              self.set_alarm(Instant::never());
            },
        .alarm = [&](ScriptedNode&) { ++fired; }},
       {.start =
            [](ScriptedNode& self) {
              // In a later step than the one that set it.
              self.set_alarm(self.now() + Duration::seconds(3'600));
              self.submit(
                  Lane::kBulk, [] {}, [](ScriptedNode& same) { same.set_alarm(Instant::never()); });
            },
        .alarm = [&](ScriptedNode&) { ++fired; }}});
  EXPECT_EQ(fired, 0);
}

TEST_P(PortConformance, AnAlarmInThePastFiresInAStepOfItsOwn) {
  std::vector<int> fired_at_step;
  play({{.start = [](ScriptedNode& self) { self.set_alarm(Instant::at(self.now().ns() - 1)); },
         .alarm =
             [&](ScriptedNode& self) {
               fired_at_step.push_back(self.steps());
               if (fired_at_step.size() < 3) self.set_alarm(self.now());
             }}});
  EXPECT_THAT(fired_at_step, ::testing::ElementsAre(2, 3, 4));
}

TEST_P(PortConformance, AnAlarmWakesItsOwnNodeOnly) {
  std::vector<int> fired;
  const auto alarm = [&](ScriptedNode& self) { fired.push_back(self.id().value); };
  play({{.alarm = alarm},
        {.start = [](ScriptedNode& self) { self.set_alarm(self.now() + kShort); }, .alarm = alarm},
        {.alarm = alarm}});
  EXPECT_THAT(fired, ::testing::ElementsAre(2));
}

// ----------------------------------------------------------------------------------------- Network

TEST_P(PortConformance, FramesArriveWholeAndWhereTheyWereSent) {
  std::string every_byte;
  for (int i = 0; i < 256; ++i)
    every_byte.push_back(static_cast<char>(i));
  std::vector<std::string> sent = {"", "x", every_byte};
  for (const std::size_t size : {1'000u, 65'536u, 1'000'000u}) {
    sent.emplace_back();
    while (sent.back().size() < size)
      sent.back().push_back(static_cast<char>(mix(size, sent.back().size())));
  }
  std::vector<std::string> arrived;
  int astray = 0;
  play({{.start =
             [&](ScriptedNode& self) {
               for (const std::string& bytes : sent)
                 self.send(2, bytes);
             },
         .frame = [&](ScriptedNode&, const std::string&) { ++astray; }},
        {.frame = [&](ScriptedNode&, const std::string& bytes) { arrived.push_back(bytes); }},
        {.frame = [&](ScriptedNode&, const std::string&) { ++astray; }}});
  std::sort(arrived.begin(), arrived.end());
  std::sort(sent.begin(), sent.end());
  // Not EXPECT_EQ: nobody wants to read a megabyte.
  EXPECT_TRUE(arrived == sent) << arrived.size() << " frames of " << sent.size();
  EXPECT_EQ(astray, 0);
}

TEST_P(PortConformance, OneFrameGoesToMany) {
  std::set<int> reached;
  const Script hears{.frame = [&](ScriptedNode& self, const std::string& bytes) {
    EXPECT_EQ(bytes, "to all");
    EXPECT_TRUE(reached.insert(self.id().value).second);
  }};
  play({{.start =
             [](ScriptedNode& self) {
               const auto frame = std::make_shared<const std::string>("to all");
               for (std::uint8_t to = 2; to <= 5; ++to)
                 self.ports().network.send(NodeId{to}, frame);
             }},
        hears,
        hears,
        hears,
        hears});
  EXPECT_THAT(reached, ::testing::ElementsAre(2, 3, 4, 5));
}

TEST_P(PortConformance, AFrameToNobodyHarmsNobody) {
  std::vector<std::string> arrived;
  play({{.start =
             [](ScriptedNode& self) {
               self.send(0, "to nobody");
               self.send(200, "to a stranger");
               self.send(255, "to another");
               self.send(2, "to a member");
             }},
        {.frame = [&](ScriptedNode&, const std::string& bytes) { arrived.push_back(bytes); }}});
  EXPECT_THAT(arrived, ::testing::ElementsAre("to a member"));
}

TEST_P(PortConformance, NodesConverse) {
  constexpr int kRounds = 50;
  int rounds = 0;
  const Script answers{.frame = [&](ScriptedNode& self, const std::string& bytes) {
    EXPECT_EQ(bytes, std::to_string(rounds));
    if (++rounds < kRounds) self.send(self.id().value == 1 ? 2 : 1, std::to_string(rounds));
  }};
  Script begins = answers;
  begins.start = [](ScriptedNode& self) { self.send(2, "0"); };
  play({begins, answers});
  EXPECT_EQ(rounds, kRounds);
}

// -------------------------------------------------------------------------------------------- Disk

TEST_P(PortConformance, AJobRunsAfterItsStepAndThenItsDone) {
  std::vector<std::string> order;
  play({{.start = [&](ScriptedNode& self) {
    // Only `done` looks at `order`: a job may run on another thread, at the same time as a step.
    for (const Lane lane : {Lane::kCommit, Lane::kBulk}) {
      const auto result = std::make_shared<int>(0);
      self.submit(
          lane,
          [result] { *result = 42; },
          [&, result](ScriptedNode&) {
            EXPECT_EQ(*result, 42);
            order.push_back("done");
          });
    }
    EXPECT_TRUE(order.empty()) << "done runs inside submit()";
    order.push_back("step");
  }}});
  EXPECT_THAT(order, ::testing::ElementsAre("step", "done", "done"));
}

TEST_P(PortConformance, EachLaneKeepsTheOrderOfSubmission) {
  constexpr int kJobs = 20;

  struct Seen {
    std::vector<int> jobs;
    std::vector<int> dones;
  };

  std::vector<Seen> lanes(2);
  play({{.start = [&](ScriptedNode& self) {
    for (int i = 0; i < kJobs; ++i) {
      for (const Lane lane : {Lane::kCommit, Lane::kBulk}) {
        Seen& seen = lanes[static_cast<std::size_t>(lane)];
        self.submit(
            lane,
            [&, i] { seen.jobs.push_back(i); },
            [&, i](ScriptedNode&) { seen.dones.push_back(i); });
      }
    }
  }}});
  std::vector<int> expected;
  for (int i = 0; i < kJobs; ++i)
    expected.push_back(i);
  for (const Seen& seen : lanes) {
    EXPECT_EQ(seen.jobs, expected);
    EXPECT_EQ(seen.dones, expected);
  }
}

TEST_P(PortConformance, BulkWorkDoesNotDelayACommit) {
  constexpr int kBulkJobs = 64;
  std::vector<std::string> dones;
  play({{.start = [&](ScriptedNode& self) {
    for (int i = 0; i < kBulkJobs; ++i) {
      self.submit(
          Lane::kBulk,
          [this] { harness_->linger(); },
          [&](ScriptedNode&) { dones.push_back("bulk"); });
    }
    self.submit(
        Lane::kCommit, [] {}, [&](ScriptedNode&) { dones.push_back("commit"); });
  }}});
  ASSERT_EQ(dones.size(), kBulkJobs + 1u);
  EXPECT_NE(dones.back(), "commit") << "the commit waited for all bulk work before it";
}

TEST_P(PortConformance, ADoneIsAStepLikeAnyOther) {
  std::vector<std::string> arrived;
  int alarms = 0;
  play({{.start =
             [](ScriptedNode& self) {
               self.submit(
                   Lane::kCommit,
                   [] {},
                   [](ScriptedNode& same) {
                     same.send(2, "from done");
                     same.set_alarm(same.now() + kShort);
                     same.submit(
                         Lane::kBulk,
                         [] {},
                         [](ScriptedNode& again) { again.send(2, "from the next"); });
                   });
             },
         .alarm = [&](ScriptedNode&) { ++alarms; }},
        {.frame = [&](ScriptedNode&, const std::string& bytes) { arrived.push_back(bytes); }}});
  EXPECT_THAT(arrived, ::testing::UnorderedElementsAre("from done", "from the next"));
  EXPECT_EQ(alarms, 1);
  EXPECT_EQ(node(1).steps(), 4);
}

TEST_P(PortConformance, ADirectoryThatExistsCanBeSynced) {
  std::vector<std::pair<bool, bool>> synced;
  play({{.start = [&](ScriptedNode& self) {
    for (const Lane lane : {Lane::kCommit, Lane::kBulk}) {
      const auto result = std::make_shared<std::pair<bool, bool>>(false, true);
      self.submit(
          lane,
          [this, result, &self] {
            const std::string path = harness_->directory(self.id());
            Disk& disk = self.ports().disk;
            *result = {disk.sync_directory(path), disk.sync_directory(path + "/no_such_directory")};
          },
          [&, result](ScriptedNode&) { synced.push_back(*result); });
    }
  }}});
  EXPECT_THAT(synced,
              ::testing::ElementsAre(::testing::Pair(true, false), ::testing::Pair(true, false)));
}

// ------------------------------------------------------------------------------------------ Random

inline constexpr RandomStream kStreams[] = {RandomStream::kBootNonce,
                                            RandomStream::kBackoff,
                                            RandomStream::kPeerChoice,
                                            RandomStream::kWorkload};

TEST_P(PortConformance, DrawsDoNotRepeatAcrossStreamsAndNodes) {
  std::set<std::uint64_t> drawn;
  const Script draws{.start = [&](ScriptedNode& self) {
    for (const RandomStream stream : kStreams) {
      for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(drawn.insert(self.ports().random.draw(stream)).second);
    }
  }};
  play({draws, draws});
  EXPECT_EQ(drawn.size(), 800u);
}

TEST_P(PortConformance, DrawsFillTheirRange) {
  std::vector<int> counts(10);
  Duration least = Duration::max();
  Duration most;
  play({{.start = [&](ScriptedNode& self) {
    Random& random = self.ports().random;
    for (int i = 0; i < 10'000; ++i)
      ++counts[random.below(RandomStream::kBackoff, counts.size())];
    for (int i = 0; i < 1'000; ++i) {
      const Duration d = random.between(RandomStream::kWorkload, kShort, kShort * 2);
      least = std::min(least, d);
      most = std::max(most, d);
      EXPECT_EQ(random.below(RandomStream::kPeerChoice, 1), 0u);
    }
  }}});
  // 1,000 expected each; 800 is six standard deviations away.
  for (const int count : counts)
    EXPECT_GT(count, 800);
  EXPECT_GE(least, kShort);
  EXPECT_LT(most, kShort * 2);
  EXPECT_GT(most - least, kShort / 2);
}

TEST_P(PortConformance, DrawsOfOneStreamDoNotMoveAnother) {
  std::vector<std::uint64_t> draws[2];
  for (int world = 0; world < 2; ++world) {
    play({{.start = [&, world](ScriptedNode& self) {
      Random& random = self.ports().random;
      for (int i = 0; i < 50; ++i) {
        draws[world].push_back(random.draw(RandomStream::kBackoff));
        // The second world draws from the others in between.
        for (int other = 0; other < world * i; ++other) {
          EXPECT_NE(random.draw(RandomStream::kWorkload), draws[world].back());
          EXPECT_NE(random.draw(RandomStream::kPeerChoice), draws[world].back());
        }
      }
    }}});
    if (!harness_->repeatable()) GTEST_SKIP() << "no two worlds of this kind draw the same";
  }
  EXPECT_EQ(draws[0], draws[1]);
}

// ------------------------------------------------------------------------------------------ Tracer

TEST_P(PortConformance, TracingIsPossibleInEveryStepAndTakesAnything) {
  const auto trace = [](ScriptedNode& self) {
    Tracer& tracer = self.ports().tracer;
    tracer.record(static_cast<EventKind>(1), {});
    tracer.record(static_cast<EventKind>(1), {1, 2, 3}, std::string(1'000, 'x'));
    tracer.record(static_cast<EventKind>(2),
                  {UINT64_MAX, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14},
                  std::string_view("\0with a zero", 12));
    tracer.reach(static_cast<Point>(1));
    tracer.reach(static_cast<Point>(1));
  };
  int steps = 0;
  play({{.start =
             [&](ScriptedNode& self) {
               trace(self);
               self.set_alarm(self.now() + kShort);
             },
         .alarm =
             [&](ScriptedNode& self) {
               trace(self);
               self.submit(
                   Lane::kCommit,
                   [] {},
                   [&](ScriptedNode& same) {
                     trace(same);
                     same.send(2, "traced");
                   });
             }},
        {.frame = [&](ScriptedNode& self, const std::string&) {
          trace(self);
          ++steps;
        }}});
  EXPECT_EQ(steps, 1);
}

TEST_P(PortConformance, TracingChangesNothing) {
  // When each step ran and what was drawn in it.
  std::vector<std::pair<Instant, std::uint64_t>> story[2];
  for (int world = 0; world < 2; ++world) {
    const auto act = [&, world](ScriptedNode& self) {
      Tracer& tracer = self.ports().tracer;
      if (world == 1) {
        tracer.record(static_cast<EventKind>(1), {1, 2}, "said");
        tracer.reach(static_cast<Point>(2));
      }
      story[world].emplace_back(self.now(), self.ports().random.draw(RandomStream::kWorkload));
      if (self.steps() > 10) return;
      self.set_alarm(self.now() + kShort);
      self.send(self.id().value == 1 ? 2 : 1, "go on");
    };
    const Script script{
        .start = act,
        .frame = [=](ScriptedNode& self, const std::string&) { act(self); },
        .alarm = act,
    };
    play({script, script});
    if (!harness_->repeatable()) GTEST_SKIP() << "no two worlds of this kind behave the same";
  }
  EXPECT_EQ(story[0].size(), story[1].size());
  EXPECT_TRUE(story[0] == story[1]);
}

}  // namespace holdfast::conformance
