// Random small histories on the toy cluster, judged by agreement and by what clients were told.

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::ClusterOptions;
using test::Fate;
using test::Later;
using test::Mail;

class History {
 public:
  History(std::uint8_t members, std::size_t window, std::uint64_t seed)
      : members_(members),
        seed_(seed),
        cluster_({.members = members, .window = window, .seed = seed, .change = short_times}) {
    cluster_.rule = [this](const Mail& mail) { return fate(mail); };
  }

  // One decision: the low bits say what, the others whom and how long.
  void act(std::uint32_t decision) {
    const auto id = static_cast<std::uint8_t>(1 + decision / 16 % members_);
    const std::uint64_t amount = decision / 256 % 64;
    switch (decision % 16) {
      case 0:
      case 1:
        if (usable(id)) cluster_.start_elect(id);
        break;
      case 2:
      case 3:
      case 4:
      case 5:
        append(id);
        break;
      case 6:
        truncate(id, amount);
        break;
      case 7:
        crash(id);
        break;
      case 8:
        loss_ = amount;
        break;
      case 9:
        frozen_ = frozen_ ^ static_cast<std::uint32_t>(1u << id);
        break;
      case 10:
        cluster_.release([&](const Mail& m) {
          return mix(amount, m.envelope.request.value) % 3 == 0 ? Fate::kDeliver : Fate::kHold;
        });
        break;
      case 11:
        if (cluster_.member(id).disk.held) {
          cluster_.free_disk(id);
        } else {
          cluster_.hold_disk(id);
        }
        break;
      case 12:
        if (usable(id)) {
          cluster_.spawn(id, [](Node& n) {
            return n.log().reader().catchup(Duration::seconds(1)).has_value();
          });
        }
        break;
      default:
        cluster_.run_for(
            Duration::milliseconds(static_cast<std::int64_t>(1 + amount * amount / 4)));
        break;
    }
  }

  // Faults end; somebody must be elected, and find everything that was acknowledged.
  void judge() {
    loss_ = 0;
    frozen_ = 0;
    for (std::uint8_t id = 1; id <= members_; ++id) {
      cluster_.free_disk(id);
      if (!cluster_.up(id)) cluster_.boot(id);
    }
    cluster_.release();
    cluster_.run_for(Duration::seconds(5));
    ElectResult elected{.failure = Failure::kDeadline};
    for (int attempt = 0; attempt < 6 && !elected.ok(); ++attempt)
      elected = cluster_.elect(1);
    RC_ASSERT(elected.ok());
    const WriteResult last = cluster_.append(1, "last");
    RC_ASSERT(last.outcome == Outcome::kOk);
    cluster_.run_for(Duration::seconds(5));
    collect();
    RC_ASSERT(cluster_.trace.disagreements.empty());
    for (std::uint8_t id = 1; id <= members_; ++id)
      check_member(id, last.position);
  }

 private:
  static void short_times(NodeOptions& options) {
    options.resend_min = Duration::milliseconds(10);
    options.resend_max = Duration::milliseconds(40);
    options.election_deadline = Duration::milliseconds(400);
    options.write_deadline = Duration::milliseconds(200);
    options.backoff = Duration::milliseconds(8);
    options.chosen_interval = Duration::milliseconds(50);
    options.fetch_delay = Duration::milliseconds(5);
    options.fetch_positions_max = 4;
    options.fetch_bytes_max = 8;
    options.rounds_per_reservation = 2;
    options.erase_records_max = 3;
  }

  Fate fate(const Mail& mail) {
    const std::uint64_t draw = mix(seed_, ++mails_);
    const bool frozen = ((frozen_ >> mail.from.value) | (frozen_ >> mail.to.value)) & 1;
    if (frozen) return cluster_.held.size() < 200 ? Fate::kHold : Fate::kDrop;
    if (draw % 64 < loss_ / 2) return Fate::kDrop;
    if (draw / 64 % 64 < loss_ / 4) return Fate::kTwice;
    if (draw / 4096 % 64 < loss_ / 4) return Fate::kHold;
    return Fate::kDeliver;
  }

  bool usable(std::uint8_t id) {
    return cluster_.up(id) && cluster_.node(id).is_ready() && cluster_.member(id).writer;
  }

  void append(std::uint8_t id) {
    if (!usable(id)) return;
    const std::string text = "w" + std::to_string(writes_.size());
    writes_.push_back({text, cluster_.start_append(id, text)});
  }

  void truncate(std::uint8_t id, std::uint64_t back) {
    if (!usable(id)) return;
    const std::uint64_t end = cluster_.image(id).voting_end().value;
    const Position to{end > back ? end - back : 0};
    cluster_.spawn(id, [this, id, to](Node&) { return cluster_.member(id).writer->truncate(to); });
  }

  void crash(std::uint8_t id) {
    if (cluster_.up(id)) {
      cluster_.crash(id);
    } else {
      cluster_.boot(id);
    }
  }

  void collect() {
    for (const Write& write : writes_) {
      if (write.result->has_value() && (*write.result)->outcome == Outcome::kOk) {
        const auto position = (*write.result)->position;
        RC_ASSERT(acknowledged_.emplace(position, write.text).second);
      }
      if (write.result->has_value() && (*write.result)->outcome == Outcome::kFailed) {
        failed_[write.text] = true;
      }
    }
  }

  void check_member(std::uint8_t id, Position last) {
    const LogImage& image = cluster_.image(id);
    RC_ASSERT(image.first_missing({}) > last);
    const auto entries = cluster_.read(id, image.begin().position.value, last.value);
    RC_ASSERT(entries.has_value());
    std::map<Position, std::string> read;
    std::map<std::string, int> times;
    for (const Entry& entry : *entries) {
      read.emplace(entry.position, *entry.bytes);
      RC_ASSERT(++times[*entry.bytes] == 1);
      RC_ASSERT(failed_.count(*entry.bytes) == 0u);
    }
    for (const auto& [position, text] : acknowledged_) {
      if (position < image.begin().position) continue;
      RC_ASSERT(read.count(position) == 1u);
      RC_ASSERT(read[position] == text);
    }
  }

  struct Write {
    std::string text;
    Later<WriteResult> result;
  };

  std::uint8_t members_;
  std::uint64_t seed_;
  std::uint64_t loss_ = 0;
  std::uint32_t frozen_ = 0;
  std::uint64_t mails_ = 0;
  std::vector<Write> writes_;
  std::map<Position, std::string> acknowledged_;
  std::map<std::string, bool> failed_;
  Cluster cluster_;
};

void run_history(std::uint8_t members, std::size_t window) {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto length = *rc::gen::inRange<std::size_t>(1, 200);
  const auto decisions = *rc::gen::container<std::vector<std::uint32_t>>(
      length, rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint32_t>()));
  History history(members, window, seed);
  for (const std::uint32_t decision : decisions)
    history.act(decision);
  history.judge();
}

RC_GTEST_PROP(Swarm, ThreeMembersOneAtATime, ()) {
  run_history(3, 1);
}

RC_GTEST_PROP(Swarm, ThreeMembersWithAWindow, ()) {
  run_history(3, 4);
}

RC_GTEST_PROP(Swarm, FiveMembersWithAWindow, ()) {
  run_history(5, 3);
}

}  // namespace
}  // namespace holdfast
