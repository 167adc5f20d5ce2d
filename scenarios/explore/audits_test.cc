// Nodes that hide something from the checker, which must find out.

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fiber/stack_note.h"

#include "sim/explore/cluster_space.h"
#include "sim/explore/search.h"

#include "scenarios/explore/exploration.h"

namespace holdfast::scenarios {
namespace {

using explore::Actor;
using explore::Image;
using explore::Node;
using explore::Operation;
using ::testing::HasSubstr;

// A client's operations, 0 and 1, each once; node 1 hears of them from node 0.
class Toy : public Actor {
 public:
  explicit Toy(const Ports& ports) : ports_(ports) {}

  void start() override {}

  void on_frame(const Frame& frame) override { heard_ += *frame; }

  void on_alarm() override {}

  void watch_states() override {}

  void begin_step(const StateName&) override {}

  StateName state_name() const override {
    StateHash hash;
    hash.add(heard_);
    hash.add(std::uint64_t{done_});
    return hash.name();
  }

  bool deaf_to(const Frame&, explore::Losses) const override { return false; }

  void perform(Operation operation) override {
    done_ |= 1u << operation.kind;
    act(operation.kind);
  }

  bool hears() const override { return true; }

  std::uint8_t asks() const override { return 3; }

  void break_disk(bool) override {}

  bool ended() const override { return false; }

  std::vector<Image> survivors() const override { return {Image()}; }

 protected:
  virtual void act(std::uint8_t kind) { send(std::to_string(kind)); }

  void send(std::string bytes) {
    ports_.network.send(NodeId{2}, std::make_shared<const std::string>(std::move(bytes)));
  }

 private:
  Ports ports_;
  // By kind.
  std::uint32_t done_ = 0;
  std::string heard_;
};

using Make = std::function<std::unique_ptr<Actor>(const Ports&)>;

class Toys final : public explore::Company {
 public:
  explicit Toys(Make make) : make_(std::move(make)) {}

  Node nodes() const override { return 2; }

  Image first_image(Node) const override { return {}; }

  std::unique_ptr<Actor> boot(Node node,
                              std::uint32_t,
                              const Ports& ports,
                              const Image&) const override {
    return node == 0 ? make_(ports) : std::make_unique<Toy>(ports);
  }

  std::string name_of(std::uint8_t) const override { return "act"; }

 private:
  Make make_;
};

class Nobody final : public explore::Referee {
 public:
  std::string start() const override { return {}; }

  explore::Ruling judge(const std::string&, const explore::Observed&) const override { return {}; }
};

explore::Result search_toys(Make make) {
  const Toys company(std::move(make));
  const Nobody referee;
  explore::Bounds bounds;
  bounds.budget.operations[0] = 1;
  bounds.budget.operations[1] = 1;
  bounds.budget.alarms = 1;
  explore::Terms terms;
  terms.audit = true;
  explore::Members members(company, terms);
  explore::ClusterSpace space(members, referee, bounds, {});
  return explore::search(space, explore::Order::kBreadthFirst, {});
}

TEST(Audits, HaveNothingAgainstANodeThatHidesNothing) {
  const auto result = search_toys([](const Ports& ports) { return std::make_unique<Toy>(ports); });
  EXPECT_EQ(result.ending, explore::Ending::kExhausted) << result.violation.text;
  EXPECT_GT(result.progress.states, 10u);
}

// It keeps something where a new life finds what an old one left.
class WithGlobal final : public Toy {
 public:
  WithGlobal(const Ports& ports, int& global) : Toy(ports), global_(global) {}

 private:
  void act(std::uint8_t) override { send(std::to_string(++global_)); }

  int& global_;
};

TEST(Audits, FindAGlobal) {
  int global = 0;
  const auto result =
      search_toys([&](const Ports& ports) { return std::make_unique<WithGlobal>(ports, global); });
  ASSERT_EQ(result.ending, explore::Ending::kViolation);
  EXPECT_THAT(result.violation.text, HasSubstr("node 1 did something else"));
}

// It goes through a set in the order of addresses, which an allocator may hand out in any.
class WithAddresses final : public Toy {
 public:
  WithAddresses(const Ports& ports, bool upwards) : Toy(ports), upwards_(upwards) {}

 private:
  void act(std::uint8_t) override {
    // lint: allow(pointer-key) this is the bug
    const std::set<const char*> entries{&pool_[upwards_ ? 0 : 1], &pool_[upwards_ ? 1 : 0]};
    for (const char* entry : entries)
      send(entry == &pool_[upwards_ ? 0 : 1] ? "first" : "second");
  }

  bool upwards_;
  char pool_[2] = {};
};

TEST(Audits, FindAnOrderOfAddresses) {
  unsigned lives = 0;
  const auto result = search_toys(
      [&](const Ports& ports) { return std::make_unique<WithAddresses>(ports, ++lives % 3 == 0); });
  ASSERT_EQ(result.ending, explore::Ending::kViolation);
  EXPECT_THAT(result.violation.text, HasSubstr("node 1 did something else"));
}

// What it tells at an alarm depends on the order in which things were done, and it does not say so.
class WithUndeclared final : public Toy {
 public:
  explicit WithUndeclared(const Ports& ports) : Toy(ports), clock_(ports.clock) {}

  void on_alarm() override { send(std::to_string(last_)); }

 private:
  void act(std::uint8_t kind) override {
    last_ = kind;
    clock_.set_alarm(clock_.now() + Duration::seconds(1));
  }

  Clock& clock_;
  std::uint8_t last_ = 0;
};

TEST(Audits, FindAStateThatIsNotDeclared) {
  const auto result =
      search_toys([](const Ports& ports) { return std::make_unique<WithUndeclared>(ports); });
  ASSERT_EQ(result.ending, explore::Ending::kViolation);
  EXPECT_THAT(result.violation.text, HasSubstr("two histories that they are one state"));
}

// It says what is on the stacks of its fibers, and forgets what it was asked for.
class WithForgottenLocal final : public Toy, private StateWatch {
 public:
  explicit WithForgottenLocal(const Ports& ports) : Toy(ports), scheduler_(ports.clock) {}

  void watch_states() override { scheduler_.watch(*this); }

  void begin_step(const StateName& input) override { scheduler_.begin_step(input); }

  StateName state_name() const override {
    StateHash hash;
    add_surroundings(hash);
    scheduler_.add_state(hash);
    return hash.name();
  }

  void on_alarm() override { scheduler_.run(); }

 private:
  void act(std::uint8_t kind) override {
    scheduler_.spawn([this, kind] {
      const StackNote note(scheduler_, "act", [](StateHash&) {});
      const NotedWait wait(scheduler_, "until it is time");
      scheduler_.sleep_for(Duration::seconds(1));
      send(std::to_string(kind));
    });
    scheduler_.run();
  }

  void add_surroundings(StateHash& hash) const override { hash.add(Toy::state_name()); }

  Scheduler scheduler_;
};

TEST(Audits, FindALocalThatIsNotNoted) {
  const auto result =
      search_toys([](const Ports& ports) { return std::make_unique<WithForgottenLocal>(ports); });
  ASSERT_EQ(result.ending, explore::Ending::kViolation);
  EXPECT_THAT(result.violation.text, HasSubstr("two histories that they are one state"));
}

// The log itself, with every merge tried.
void audit(const Configuration& configuration) {
  ExploreOptions options;
  options.terms.audit = true;
  const Explored explored = explore_log(configuration, options, {});
  EXPECT_EQ(explored.result.ending, explore::Ending::kExhausted)
      << configuration.name << ": " << explored.result.violation.text;
  EXPECT_GT(explored.audits, 0u);
}

TEST(Audits, OfTheLog) {
  for (const Configuration& configuration : configurations())
    if (configuration.name == "running" || configuration.name == "boot-2") audit(configuration);
}

// Of fibers that wait for answers, ballots and time, in elections, reads, catch-ups and recoveries.
TEST(Audits, OfTheLogWithWhatTakesManyWaits) {
  const auto& all = configurations();
  Configuration running = *std::ranges::find(all, "running", &Configuration::name);
  running.bounds.links = explore::Links::kConnections;
  using Operations = std::vector<LogOperation>;
  const auto with = [&](const Operations& operations, std::uint8_t wipes, std::uint8_t alarms) {
    Configuration configuration = running;
    configuration.bounds.budget = {};
    for (const LogOperation each : operations)
      ++configuration.bounds.budget.operations[static_cast<std::size_t>(each)];
    configuration.bounds.budget.wipes = wipes;
    configuration.bounds.budget.alarms = alarms;
    return configuration;
  };
  audit(with({LogOperation::kElect, LogOperation::kAppend}, 0, 0));
  audit(with({LogOperation::kElect}, 0, 1));
  audit(with({LogOperation::kElect, LogOperation::kRead}, 0, 0));
  audit(with({LogOperation::kAppend, LogOperation::kTruncate, LogOperation::kCatchUp}, 0, 0));
  audit(with({LogOperation::kAppend}, 1, 0));
}

}  // namespace
}  // namespace holdfast::scenarios
