#include "real/server/service.h"

#include <algorithm>
#include <utility>

namespace holdfast::real {
namespace {

// What is left of a client's patience when this member answers, so that it hears the answer.
constexpr int kPatienceParts = 8;

}  // namespace

Service::Service(Node& node, EventLoop& loop, Machine& machine, Limits limits)
    : node_(node),
      loop_(loop),
      machine_(machine),
      limits_(limits),
      answers_(node, limits.answers, world()),
      reader_(node.log().reader()),
      awaiting_deadline_(loop, [this] { look_at_awaiting(); }),
      owner_(std::make_shared<Owner>(Owner{this})) {}

Answers::World Service::world() {
  return {
      .connected = [this] { return static_cast<std::uint32_t>(machine_.network().connected()); },
      .wanted_bytes = [this] { return wanted_bytes(); }};
}

std::optional<std::uint64_t> Service::wanted_bytes() const {
  if (limits_.disk == nullptr || !limits_.disk->is_low()) return std::nullopt;
  return limits_.disk->reserve();
}

Service::~Service() {
  owner_->service = nullptr;
}

void Service::handle(Request request, Reply reply) {
  if (!node_.is_ready()) {
    reply({request.id,
           Failed{.kind = ErrorKind::kNotReady, .text = "the member is opening its directory"}});
    return;
  }
  const auto* read = std::get_if<ReadRequest>(&request.body);
  if (read != nullptr && read->await && !is_learned(*read->await)) {
    return await(std::move(request), std::move(reply));
  }
  begin(std::move(request), std::move(reply));
}

void Service::begin(Request request, Reply reply) {
  if (requests_ >= limits_.requests_max) {
    reply({request.id,
           Failed{.kind = ErrorKind::kOverloaded,
                  .text = "as many requests as this member takes are under way; try again"}});
    return;
  }
  ++requests_;
  waiting_.push_back({std::move(request), std::move(reply)});
  if (waiting_.size() > 1) return;
  loop_.post([owner = owner_] {
    if (owner->service != nullptr) owner->service->begin_all();
  });
}

bool Service::is_learned(Position p) const {
  const auto learned = reader_.learned();
  return p < reader_.beginning() || (learned && p <= *learned);
}

void Service::await(Request request, Reply reply) {
  if (awaiting_.size() >= limits_.awaiting_max) {
    reply({request.id,
           Failed{.kind = ErrorKind::kOverloaded,
                  .text = "as many reads as this member takes wait for what is to come"}});
    return;
  }
  const Instant deadline = loop_.now() + request.patience;
  awaiting_.push_back({std::move(request), std::move(reply), deadline});
  if (deadline < next_look_) awaiting_deadline_.set(next_look_ = deadline);
}

void Service::on_learned() {
  if (awaiting_.empty() || std::exchange(look_posted_, true)) return;
  // Not in the middle of a step; and what is learned together is looked at once.
  loop_.post([owner = owner_] {
    if (owner->service == nullptr) return;
    owner->service->look_posted_ = false;
    owner->service->look_at_awaiting();
  });
}

void Service::look_at_awaiting() {
  next_look_ = Instant::never();
  std::vector<Waiting> all = std::exchange(awaiting_, {});
  for (Waiting& one : all) {
    const Position wanted = *std::get<ReadRequest>(one.request.body).await;
    if (is_learned(wanted)) {
      begin(std::move(one.request), std::move(one.reply));
    } else if (one.deadline <= loop_.now()) {
      one.reply(
          {one.request.id,
           Failed{.kind = ErrorKind::kNotCaughtUp,
                  .text = "position " + std::to_string(wanted.value) + " was not learned in time",
                  .position = wanted}});
    } else {
      next_look_ = std::min(next_look_, one.deadline);
      awaiting_.push_back(std::move(one));
    }
  }
  if (next_look_ != Instant::never()) awaiting_deadline_.set(next_look_);
}

void Service::begin_all() {
  std::vector<Asked> asked;
  for (Waiting& one : std::exchange(waiting_, {})) {
    asked.push_back({.request = std::move(one.request),
                     .deadline = {},
                     // One that is cancelled takes the service with it.
                     .reply = [this, reply = std::move(one.reply)](Response response) {
                       --requests_;
                       reply(std::move(response));
                     }});
  }
  const auto begin = [&] { node_.act([&] { answers_.begin(std::move(asked)); }); };
  machine_.step([&] {
    for (Asked& one : asked) {
      const Duration patience = one.request.patience;
      one.deadline = node_.scheduler().now() + (patience - patience / kPatienceParts);
    }
    if (limits_.recording == nullptr) return begin();
    limits_.recording->requests(asked, wanted_bytes(), begin);
  });
}

}  // namespace holdfast::real
