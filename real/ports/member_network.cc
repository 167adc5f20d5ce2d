#include "real/ports/member_network.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "protocol/env/check.h"

namespace holdfast::real {
namespace {

std::string text_of(NodeId id) {
  return std::to_string(int{id.value});
}

}  // namespace

// The way to one member: a connection, or the attempt at one, or the pause between two.
//
//     pause ---> calling ---> greeting ---> up
//       ^           |            |           |
//       +-----------+------------+-----------+   it failed, was refused, or ended
class MemberNetwork::Link {
 public:
  Link(MemberNetwork& network, MemberAddress to)
      : network_(network),
        to_(std::move(to)),
        pause_(network.options_.reconnect_min),
        again_(network.loop_, [this] { call(); }) {}

  ~Link() {
    if (connection_) connection_->close();
  }

  void call() {
    connection_ = dial(network_.loop_,
                       to_.address,
                       {.frame_bytes_max = kHelloBytesMax,
                        .queue_bytes_max = network_.options_.limits.queue_bytes_max},
                       {.connected = [this] { greet(); },
                        .frame = [this](const Frame& frame) { on_frame(*frame); },
                        .closed = [this](const std::string& why) { lost(why); }},
                       network_.options_.tls);
  }

  bool up() const { return up_; }

  bool send(Frame frame) {
    if (up_) return pass_on(std::move(frame));
    // A connection may be about to stand.
    const std::size_t max = network_.options_.limits.queue_bytes_max;
    if (!waiting_.empty() && waiting_bytes_ + frame->size() > max) return false;
    waiting_bytes_ += frame->size();
    waiting_.push_back(std::move(frame));
    return true;
  }

 private:
  bool pass_on(Frame frame) {
    if (frame->size() <= frame_bytes_max_) return connection_->send(std::move(frame));
    std::uint64_t held_back = 0;
    if (network_.quiet_.allows("frame to " + text_of(to_.id), network_.loop_.now(), held_back)) {
      network_.journal_.say(
          Level::kError,
          "frame_too_large",
          {{"member", text_of(to_.id)},
           {"bytes", std::to_string(frame->size())},
           {"allowed", std::to_string(frame_bytes_max_)},
           {"next", "give all members the same entry_bytes_max and fetch_*_max"}});
    }
    return false;
  }

  void greet() {
    Hello hello = network_.options_.hello;
    hello.receiver = to_.id;
    connection_->send(std::make_shared<const std::string>(encode(hello)));
  }

  void on_frame(const std::string& bytes) {
    if (up_) return fail("it answered what needs no answer");
    const auto welcome = decode_welcome(bytes);
    if (!welcome) return fail("what listens there is no member of a holdfast cluster");
    if (const auto why = refusal_in(*welcome, network_.options_.hello); !why.empty()) {
      return fail("it refused us: " + std::string(why));
    }
    up_ = true;
    frame_bytes_max_ = welcome->frame_bytes_max;
    pause_ = network_.options_.reconnect_min;
    complained_.clear();
    network_.journal_.say(Level::kInfo,
                          "member_connected",
                          {{"member", text_of(to_.id)},
                           {"address", to_.address.text()},
                           {"version", std::to_string(welcome->version)}});
    for (Frame& frame : waiting_) {
      if (pass_on(std::move(frame))) continue;
      --network_.counters_.sent;
      ++network_.counters_.dropped;
    }
    forget_waiting();
  }

  void fail(const std::string& why) {
    connection_->close();
    lost(why);
  }

  void lost(const std::string& why) {
    connection_.reset();
    up_ = false;
    network_.counters_.sent -= waiting_.size();
    network_.counters_.dropped += waiting_.size();
    forget_waiting();
    // Once per reason: a member that is down for a day is called all day.
    if (std::exchange(complained_, why) != why) {
      network_.journal_.say(Level::kWarning,
                            "member_unreachable",
                            {{"member", text_of(to_.id)},
                             {"address", to_.address.text()},
                             {"why", why},
                             {"next", "called again until it answers"}});
    }
    const Duration wait = network_.random_.between(RandomStream::kBackoff, pause_ / 2, pause_);
    pause_ = std::min(pause_ * 2, network_.options_.reconnect_max);
    again_.set(network_.loop_.now() + wait);
  }

  void forget_waiting() {
    waiting_.clear();
    waiting_bytes_ = 0;
  }

  MemberNetwork& network_;
  MemberAddress to_;
  Duration pause_;
  ConnectionPtr connection_;
  bool up_ = false;
  // What the other side reads.
  std::size_t frame_bytes_max_ = 0;
  std::string complained_;
  std::deque<Frame> waiting_;
  std::size_t waiting_bytes_ = 0;
  Timer again_;
};

// Somebody who called: a stranger until its hello was accepted, then a member.
class MemberNetwork::Caller {
 public:
  Caller(MemberNetwork& network, std::uint64_t number, ConnectionPtr connection)
      : network_(network),
        number_(number),
        connection_(std::move(connection)),
        deadline_(network.loop_, [this] { gone("it did not say hello in time"); }) {}

  ~Caller() {
    if (connection_) connection_->close();
  }

  void start() {
    deadline_.set(network_.loop_.now() + network_.options_.hello_deadline);
    connection_->start({.connected = nullptr,
                        .frame = [this](const Frame& frame) { on_frame(frame); },
                        .closed = [this](const std::string& why) { gone(why); }});
  }

  // Requires: this member speaks the version.
  void admit(NodeId id, std::uint16_t version) {
    member_ = id;
    deadline_.cancel();
    connection_->set_limits(network_.options_.limits);
    connection_->send(welcome(Verdict::kWelcome, version));
  }

  // The answer is still sent, after this object's end.
  void say_goodbye(Verdict verdict) {
    connection_->send(welcome(verdict, network_.options_.hello.version_max));
    std::exchange(connection_, nullptr)->finish();
  }

  std::uint64_t number() const { return number_; }

  NodeId member() const { return member_; }

  bool stranger() const { return member_ == NodeId{}; }

  const Connection& connection() const { return *connection_; }

 private:
  Frame welcome(Verdict verdict, std::uint16_t version) const {
    const Welcome welcome{
        verdict, static_cast<std::uint32_t>(network_.options_.limits.frame_bytes_max), version};
    return std::make_shared<const std::string>(encode(welcome));
  }

  void on_frame(const Frame& frame) {
    if (!stranger()) {
      ++network_.counters_.received;
      network_.callbacks_.deliver(frame);
      return;
    }
    if (const auto hello = decode_hello(*frame)) {
      network_.admit(*this, *hello);
    } else {
      network_.refuse(*this, Verdict::kGarbage);
    }
  }

  // Ends this object.
  void gone(const std::string& why) {
    if (stranger()) {
      ++network_.counters_.refused;
      network_.note_refusal(*this, "silence", why);
    }
    MemberNetwork& network = network_;
    const NodeId member = member_;
    network.drop(*this);
    if (member != NodeId{}) network.callbacks_.disconnected(member);
  }

  MemberNetwork& network_;
  std::uint64_t number_;
  ConnectionPtr connection_;
  NodeId member_;
  Timer deadline_;
};

MemberNetwork::MemberNetwork(
    EventLoop& loop, Random& random, Journal& journal, NetworkOptions options, Callbacks callbacks)
    : loop_(loop),
      random_(random),
      journal_(journal),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)) {}

MemberNetwork::~MemberNetwork() = default;

tl::expected<void, std::string> MemberNetwork::open() {
  for (const MemberAddress& member : options_.members) {
    if (member.id != options_.hello.sender) {
      links_.emplace(member.id, std::make_unique<Link>(*this, member));
      continue;
    }
    auto listener = Listener::open(
        loop_,
        member.address,
        {.frame_bytes_max = kHelloBytesMax, .queue_bytes_max = kHelloBytesMax},
        [this](ConnectionPtr connection) { accept(std::move(connection)); },
        options_.tls);
    if (!listener) return tl::unexpected(listener.error());
    listener_ = std::move(*listener);
  }
  HOLDFAST_REQUIRE(listener_ != nullptr, options_.hello.sender);
  for (const auto& [id, link] : links_)
    link->call();
  return {};
}

void MemberNetwork::close() {
  listener_.reset();
  links_.clear();
  callers_.clear();
  strangers_ = 0;
}

void MemberNetwork::send(NodeId to, Frame frame) {
  const auto link = links_.find(to);
  if (link != links_.end() && link->second->send(std::move(frame))) {
    ++counters_.sent;
  } else {
    ++counters_.dropped;
  }
}

std::size_t MemberNetwork::connected() const {
  return static_cast<std::size_t>(std::count_if(
      links_.begin(), links_.end(), [](const auto& entry) { return entry.second->up(); }));
}

void MemberNetwork::accept(ConnectionPtr connection) {
  if (strangers_ >= options_.strangers_max) {
    ++counters_.refused;
    connection->close();
    return;
  }
  ++strangers_;
  const std::uint64_t number = ++last_caller_;
  auto caller = std::make_unique<Caller>(*this, number, std::move(connection));
  callers_.emplace(number, std::move(caller)).first->second->start();
}

void MemberNetwork::admit(Caller& caller, const Hello& hello) {
  const Verdict verdict = judge_hello(hello);
  if (verdict != Verdict::kWelcome) return refuse(caller, verdict);
  // A member calls again when its old connection is dead, whether or not this end knows it yet.
  const auto old = std::find_if(callers_.begin(), callers_.end(), [&](const auto& entry) {
    return entry.second->member() == hello.sender;
  });
  if (old != callers_.end()) callers_.erase(old);
  --strangers_;
  caller.admit(hello.sender, *common_version(hello, options_.hello));
}

Verdict MemberNetwork::judge_hello(const Hello& hello) const {
  const Verdict verdict = judge(hello, options_.hello);
  if (verdict != Verdict::kWelcome) return verdict;
  return links_.contains(hello.sender) ? verdict : Verdict::kNoMember;
}

void MemberNetwork::refuse(Caller& caller, Verdict verdict) {
  ++counters_.refused;
  note_refusal(caller, std::to_string(static_cast<int>(verdict)), verdict_text(verdict));
  caller.say_goodbye(verdict);
  drop(caller);
}

void MemberNetwork::note_refusal(const Caller& caller,
                                 const std::string& sort,
                                 std::string_view why) {
  std::uint64_t held_back = 0;
  const Connection& connection = caller.connection();
  if (!quiet_.allows(connection.remote_host() + " " + sort, loop_.now(), held_back)) return;
  journal_.say(Level::kWarning,
               "connection_refused",
               {{"from", connection.remote()},
                {"port", "members"},
                {"why", std::string(why)},
                {"held_back", std::to_string(held_back)}});
}

void MemberNetwork::drop(Caller& caller) {
  if (caller.stranger()) --strangers_;
  callers_.erase(caller.number());
}

}  // namespace holdfast::real
