#pragma once

// What the services of registers.h have in common: their clients.

#include <cstdint>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "sim/explore/typed_behaviour.h"

#include "scenarios/calibration/register_history.h"

namespace holdfast::scenarios {

using explore::Node;
using RequestId = std::uint32_t;

struct Put {
  RequestId request;
  RegisterValue value;
  friend auto operator<=>(const Put&, const Put&) = default;
};

struct PutDone {
  RequestId request;
  friend auto operator<=>(const PutDone&, const PutDone&) = default;
};

struct Get {
  RequestId request;
  friend auto operator<=>(const Get&, const Get&) = default;
};

struct GetDone {
  RequestId request;
  RegisterValue value;
  friend auto operator<=>(const GetDone&, const GetDone&) = default;
};

// How far a client is.
enum class ClientPhase : std::uint8_t { kWrites, kReads, kDone };

// `Server` is what a server keeps, `Internal` (a variant) what servers say to each other.  Servers
// are nodes 0 to servers - 1, clients come after them.
template <typename Server, typename... Internal>
class RegisterService
    : public explore::TypedBehaviour<std::variant<Server, ClientPhase>,
                                     std::variant<Put, PutDone, Get, GetDone, Internal...>> {
 public:
  using Content = std::variant<Put, PutDone, Get, GetDone, Internal...>;
  using State = std::variant<Server, ClientPhase>;
  using StepOf = explore::Step<State, Content>;

  // Borrows `record`, into which it writes what clients did.
  RegisterService(std::uint32_t servers, std::uint32_t clients, ClientRecord& record)
      : servers_(servers),
        clients_(clients),
        record_(record) {}

  Node nodes() const final { return servers_ + clients_; }

 protected:
  virtual Server new_server(Node) const { return {}; }

  virtual void on_request(StepOf& step, Server& server, Node from, const Content& content) = 0;
  virtual std::string text_of_server(const Server& server) const = 0;

  std::uint32_t servers() const { return servers_; }

  std::uint32_t majority() const { return servers_ / 2 + 1; }

  void send_to_other_servers(StepOf& step, const Content& content) const {
    for (Node node = 0; node < servers_; ++node)
      if (node != step.self) step.send(node, content);
  }

 private:
  void on_start(StepOf& step) final {
    if (step.self < servers_) {
      step.state = new_server(step.self);
      return;
    }
    step.state = ClientPhase::kWrites;
    const RegisterValue value = step.self - servers_ + 1;
    step.send(step.self % servers_, Put{.request = step.self, .value = value});
    step.seen = record_.number_of(
        {.client = step.self, .returned = {}, .called = RegisterCall{.write = value}});
  }

  void on_message(StepOf& step, Node from, const Content& content) final {
    if (auto* server = std::get_if<Server>(&step.state)) {
      on_request(step, *server, from, content);
      return;
    }
    auto& phase = std::get<ClientPhase>(step.state);
    if (std::holds_alternative<PutDone>(content) && phase == ClientPhase::kWrites) {
      phase = ClientPhase::kReads;
      step.send((step.self + 1) % servers_, Get{.request = 2 * step.self});
      step.seen = record_.number_of(
          {.client = step.self, .returned = RegisterValue{0}, .called = RegisterCall{.write = {}}});
    } else if (const auto* read = std::get_if<GetDone>(&content);
               read != nullptr && phase == ClientPhase::kReads) {
      phase = ClientPhase::kDone;
      step.seen = record_.number_of({.client = step.self, .returned = read->value, .called = {}});
    }
  }

  std::string text_of(const State& state) const final {
    if (const auto* server = std::get_if<Server>(&state)) return text_of_server(*server);
    static constexpr const char* kNames[] = {"writes", "reads", "is done"};
    return kNames[static_cast<int>(std::get<ClientPhase>(state))];
  }

  std::string text_of(const Content& content) const final {
    return fmt::format("message of kind {}", content.index());
  }

  std::uint32_t servers_;
  std::uint32_t clients_;
  ClientRecord& record_;
};

}  // namespace holdfast::scenarios
