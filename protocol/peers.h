#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "protocol/env/process.h"
#include "protocol/env/state_hash.h"

#include "protocol/codec/codec.h"
#include "protocol/messages.h"
#include "protocol/options.h"

namespace holdfast {

// Whom an answer goes to.
struct Asker {
  NodeId node;
  // The life that asked.
  BootNonce boot;
  RequestId request;
};

// One member's way to the others: stamps, encodes and sends envelopes, and checks the frames that
// come in.  Messages to the member itself never pass through here.
class Peers {
 public:
  // `options` and `ports` outlive it.
  Peers(const NodeOptions& options, Ports ports);

  BootNonce boot() const { return boot_; }

  // The highest that this member heard of or made; travels in every envelope.
  const ChosenUpto& chosen() const { return chosen_; }

  // Ignored when it knows no more than what is known.
  void raise_chosen(const ChosenUpto& chosen);

  Incarnation incarnation() const { return incarnation_; }

  void set_incarnation(Incarnation incarnation) { incarnation_ = incarnation; }

  // What has been registered at this member; travels in every envelope.
  void set_known(const Incarnations& known);

  // The highest incarnations this life has heard of, from anybody.
  const Incarnations& seen() const { return seen_; }

  // A member's directory is known to have a successor.
  bool outdated(NodeId member, Incarnation incarnation) const {
    return incarnation < seen_.of(member);
  }

  // False: `answer` is a vote of a former incarnation, or stands for one.
  bool counts(NodeId member, Incarnation incarnation, const Message& answer) const;

  // Called when a member's number in seen() rose, before the frame that said so is handed over.
  void on_succession(std::function<void(NodeId member)> succeeded) {
    succeeded_ = std::move(succeeded);
  }

  void ask(NodeId to, RequestId request, Message message);

  // To every other member, or to those for which `wanted` holds; encodes once.
  void broadcast(RequestId request, Message message);
  void broadcast(RequestId request, Message message, const std::function<bool(NodeId)>& wanted);

  void answer(const Asker& asker, Message message);

  // None, and a point reached, when the frame is damaged, of another log or member list, not from
  // another member, or an answer that counts for nothing: to another life of this member, or a vote
  // of a former incarnation (the sender is told so).  What a former incarnation says of itself does
  // come in: whoever asked has to look at counts().
  std::optional<Envelope> accept(const Frame& frame);

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

 private:
  Envelope envelope(RequestId request, BootNonce echo, Message message) const;
  void see(const Incarnations& known);
  void tell_of_succession(NodeId member);

  const NodeOptions& options_;
  Ports ports_;
  Codec codec_;
  BootNonce boot_;
  Incarnation incarnation_;
  Incarnations known_;
  Incarnations seen_;
  // The highest under which a member has spoken to this life.
  Incarnations spoken_;
  std::function<void(NodeId)> succeeded_;
  ChosenUpto chosen_;
};

}  // namespace holdfast
