#include "protocol/peers.h"

#include <utility>

#include "protocol/points.h"

namespace holdfast {
namespace {

// What is true only as long as the disk of who says it is the one it was.  The rest (learned
// values, "I do not vote") is true whoever says it.
bool speaks_for_its_disk(const Message& message) {
  if (const auto* promise = std::get_if<PromiseReply>(&message)) {
    return promise->answer != Answer::kIgnored;
  }
  if (const auto* write = std::get_if<WriteReply>(&message)) {
    return write->answer != Answer::kIgnored;
  }
  const auto* recover = std::get_if<RecoverReply>(&message);
  return recover != nullptr && recover->status == Status::kVoting;
}

}  // namespace

Peers::Peers(const NodeOptions& options, Ports ports) : options_(options), ports_(ports) {
  boot_ = BootNonce{ports_.random.draw(RandomStream::kBootNonce) | 1};
}

void Peers::raise_chosen(const ChosenUpto& chosen) {
  if (chosen > chosen_) chosen_ = chosen;
}

void Peers::set_known(const Incarnations& known) {
  known_ = known;
  see(known);
}

void Peers::see(const Incarnations& known) {
  for (const Incarnations::Entry& entry : known.list()) {
    const bool succeeded = seen_.of(entry.member) < entry.registered;
    seen_.raise(entry);
    if (succeeded && succeeded_) succeeded_(entry.member);
  }
}

bool Peers::counts(NodeId member, Incarnation incarnation, const Message& answer) const {
  return !outdated(member, incarnation) || !speaks_for_its_disk(answer);
}

Envelope Peers::envelope(RequestId request, BootNonce echo, Message message) const {
  return Envelope{.cluster = options_.cluster,
                  .log = options_.log,
                  .config = options_.membership.digest(),
                  .sender = options_.self,
                  .incarnation = incarnation_,
                  .boot = boot_,
                  .echo = echo,
                  .request = request,
                  .chosen = chosen_,
                  .known = known_,
                  .body = std::move(message)};
}

void Peers::ask(NodeId to, RequestId request, Message message) {
  HOLDFAST_REQUIRE(to != options_.self);
  ports_.network.send(to, codec_.encode(envelope(request, BootNonce{}, std::move(message))));
}

void Peers::broadcast(RequestId request, Message message) {
  const Frame frame = codec_.encode(envelope(request, BootNonce{}, std::move(message)));
  for (const NodeId id : options_.membership.at(Position{}).members) {
    if (id != options_.self) ports_.network.send(id, frame);
  }
}

void Peers::broadcast(RequestId request,
                      Message message,
                      const std::function<bool(NodeId)>& wanted) {
  Frame frame;
  for (const NodeId id : options_.membership.at(Position{}).members) {
    if (id == options_.self || !wanted(id)) continue;
    if (!frame) frame = codec_.encode(envelope(request, BootNonce{}, message));
    ports_.network.send(id, frame);
  }
}

void Peers::answer(const Asker& asker, Message message) {
  HOLDFAST_REQUIRE(asker.node != options_.self);
  ports_.network.send(asker.node,
                      codec_.encode(envelope(asker.request, asker.boot, std::move(message))));
}

std::optional<Envelope> Peers::accept(const Frame& frame) {
  auto decoded = codec_.decode(*frame);
  if (!decoded) {
    ports_.tracer.reach(Point::kFrameCorrupt);
    return std::nullopt;
  }
  const Envelope& envelope = *decoded;
  if (envelope.cluster != options_.cluster || envelope.log != options_.log ||
      envelope.config != options_.membership.digest() || envelope.sender == options_.self ||
      !options_.membership.at(Position{}).contains(envelope.sender)) {
    ports_.tracer.reach(Point::kFrameForeign);
    return std::nullopt;
  }
  if (envelope.echo != BootNonce{} && envelope.echo != boot_) {
    ports_.tracer.reach(Point::kStaleAnswer);
    return std::nullopt;
  }
  see(envelope.known);
  spoken_.raise(envelope.sender, envelope.incarnation);
  if (!counts(envelope.sender, envelope.incarnation, envelope.body)) {
    ports_.tracer.reach(Point::kFormerIncarnation);
    // Unless it is a late word of a life whose successor is here.
    if (outdated(envelope.sender, spoken_.of(envelope.sender))) {
      tell_of_succession(envelope.sender);
    }
    if (!std::holds_alternative<RecoverReply>(envelope.body)) return std::nullopt;
  }
  return std::move(*decoded);
}

// It may be a life that goes on voting while a number of a lost one is told behind its back: by
// somebody who is gone, or who has nothing to say to it.  This is no testimony, so that it is
// hearsay does not matter.
void Peers::tell_of_succession(NodeId member) {
  Envelope notice = envelope(RequestId{}, BootNonce{}, ChosenNotice{});
  notice.known = seen_;
  ports_.network.send(member, codec_.encode(notice));
}

}  // namespace holdfast
