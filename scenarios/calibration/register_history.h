#pragma once

// What clients of a register called and were told, and whether it can be explained: is there an
// order of the operations, each at one instant between its call and its return, in which every read
// finds the value written last?  (Herlihy and Wing, "Linearizability", 1990.)

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/automata.h"
#include "sim/explore/typed_behaviour.h"

namespace holdfast::scenarios {

// 0 is the value before any was written.
using RegisterValue = std::uint32_t;

struct RegisterCall {
  std::optional<RegisterValue> write;  // or a read
  friend auto operator<=>(const RegisterCall&, const RegisterCall&) = default;
};

// A step of a client: its operation returns, and then it calls the next; or one of the two.
struct ClientStep {
  explore::Node client;
  std::optional<RegisterValue> returned;  // of a read what it found, of a write 0
  std::optional<RegisterCall> called;
  friend auto operator<=>(const ClientStep&, const ClientStep&) = default;
};

// The steps by number, never explore::kNothingSeen.
class ClientRecord {
 public:
  explore::Observation number_of(const ClientStep& step) { return steps_.number_of(step) + 1; }

  const ClientStep& operator[](explore::Observation number) const { return steps_[number - 1]; }

 private:
  explore::Interned<ClientStep> steps_;
};

class RegisterHistory : public explore::Judge {
 public:
  // Borrows `record`.
  explicit RegisterHistory(const ClientRecord& record) : record_(record) {}

  explore::Judgement start() override { return histories_.number_of({}); }

  explore::Judgement observe(explore::Judgement now, explore::Observation seen) override;
  std::string violation(explore::Judgement now) override;

 private:
  struct Operation {
    RegisterCall call;
    std::optional<RegisterValue> returned;  // none: it has not
    // Of each other client, how many of its operations had returned when this one was called.
    std::map<explore::Node, std::uint32_t> after;
    friend auto operator<=>(const Operation&, const Operation&) = default;
  };

  // Each client's, one after the other.
  using History = std::map<explore::Node, std::vector<Operation>>;

  // How many operations of each client are explained, and what the register then has.
  using Explained = std::map<explore::Node, std::uint32_t>;
  static bool explainable(const History& history, Explained& explained, RegisterValue value);

  const ClientRecord& record_;
  explore::Interned<History> histories_;
  std::map<explore::Judgement, bool> explainable_;
};

}  // namespace holdfast::scenarios
