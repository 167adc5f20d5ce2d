#include "real/server/member.h"

#include <algorithm>
#include <string>
#include <utility>

#include <time.h>

#include "protocol/events.h"

#include "real/server/event_text.h"

namespace holdfast::real {
namespace {

// Events that are shown when storage failed; a flight record has more.
constexpr std::size_t kLastEvents = 20;

tl::expected<Security, std::string> load_security(const Config& config) {
  if (!config.tls) return Security{};
  auto members = Tls::load(config.tls->files);
  if (!members) return tl::unexpected(members.error());
  TlsFiles files = config.tls->files;
  files.authority = config.tls->client_authority;
  auto clients = Tls::load(files);
  if (!clients) return tl::unexpected(clients.error());
  return Security{std::move(*members), std::move(*clients)};
}

}  // namespace

tl::expected<std::unique_ptr<Member>, ExitCode> Member::open(const Config& config,
                                                             Journal& journal,
                                                             const MemberExtras& extras) {
  auto security = load_security(config);
  if (!security) {
    journal.say(
        Level::kError,
        "cannot_use_certificates",
        {{"why", security.error()}, {"next", "mend that file, or [tls] in the configuration"}});
    return tl::unexpected(ExitCode::kUsage);
  }
  auto directory = DataDirectory::take(config);
  if (!directory) {
    journal.say(Level::kError,
                "cannot_use_directory",
                {{"why", directory.error().text},
                 {"next", std::string(advice_for(directory.error().kind))}});
    return tl::unexpected(exit_code_of(directory.error().kind));
  }
  std::unique_ptr<Recording> recording;
  if (!extras.recording_file.empty()) {
    auto made = Recording::create(extras.recording_file, extras.build, config, journal);
    if (!made) {
      journal.say(Level::kError, "cannot_record", {{"why", made.error()}});
      return tl::unexpected(ExitCode::kUsage);
    }
    recording = std::move(*made);
  }
  return std::unique_ptr<Member>(new Member(config,
                                            journal,
                                            std::move(*security),
                                            std::move(*directory),
                                            std::move(recording),
                                            extras.clock_rate));
}

Member::Member(const Config& config,
               Journal& journal,
               Security security,
               DataDirectory directory,
               std::unique_ptr<Recording> recording,
               ClockRate clock_rate)
    : config_(config),
      journal_(journal),
      security_(std::move(security)),
      directory_(std::move(directory)),
      flight_(directory_.path()),
      recording_(std::move(recording)),
      machine_(loop_, journal_, machine_options(clock_rate)),
      node_(config.node, ports(), store(), node_callbacks()) {}

Member::~Member() {
  end();
}

Ports Member::ports() {
  return recording_ == nullptr ? machine_.ports() : recording_->wrap(machine_.ports());
}

std::shared_ptr<ReplicaStore> Member::store() {
  auto store = make_store(directory_, config_);
  return recording_ == nullptr ? store : recording_->wrap(std::move(store));
}

Node::Callbacks Member::node_callbacks() {
  return {.ready = [this] { on_ready(); },
          .stopped = [this](const StoreError& error) { failure_ = error; },
          .elected =
              [this](std::uint64_t) {
                if (callbacks_.elected) callbacks_.elected();
              },
          .lost =
              [this](std::uint64_t, Failure) {
                if (callbacks_.lost) callbacks_.lost();
              }};
}

TraceHead Member::trace_head() const {
  return {.cluster = config_.cluster,
          .log = config_.log,
          .member = config_.self->id,
          .started = static_cast<std::uint64_t>(::time(nullptr))};
}

tl::expected<void, std::string> Member::trace_to(const std::string& file) {
  auto made = TraceFile::create(file, trace_head());
  if (!made) return tl::unexpected(made.error());
  trace_ = std::move(*made);
  return {};
}

MachineOptions Member::machine_options(ClockRate clock_rate) {
  MachineOptions options;
  options.clock_rate = clock_rate;
  options.network.hello = {.cluster = config_.cluster,
                           .log = config_.log,
                           .config = config_.node.membership.digest(),
                           .sender = config_.self->id};
  for (const Config::Member& member : config_.members)
    options.network.members.push_back({member.id, member.address});
  options.network.limits.frame_bytes_max = config_.member_frame_bytes_max();
  options.network.limits.queue_bytes_max = config_.member_queue_bytes_max();
  options.network.tls = security_.members;
  options.trace_events = kLastEvents;
  options.watch_jobs = [this](Lane lane, Duration waited, Duration ran) {
    if (callbacks_.watch_jobs) callbacks_.watch_jobs(lane, waited, ran);
  };
  options.watch = [this](const TracedEvent& event) { on_event(event); };
  return options;
}

void Member::on_event(const TracedEvent& event) {
  flight_.record(event);
  if (trace_ != nullptr && !trace_->record(event)) {
    // A trace with a gap would be judged wrongly.
    trace_ = nullptr;
    journal_.say(Level::kError, "trace_ended", {{"why", "there is no space for more events"}});
  }
  if (callbacks_.watch) callbacks_.watch(event);
  if (is_for_operators(event.kind)) {
    journal_.say(Level::kInfo, event_name(event.kind), event_fields(event));
  }
}

tl::expected<void, ExitCode> Member::boot(Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  Process& process = recording_ == nullptr ? node_ : recording_->wrap(node_);
  if (const auto booted = machine_.boot(process); !booted) {
    journal_.say(Level::kError, "cannot_listen", {{"why", booted.error()}});
    return tl::unexpected(ExitCode::kAddress);
  }
  flight_.begin(trace_head(), journal_);
  return {};
}

void Member::run_until(const std::function<bool()>& done) {
  loop_.run_until([&] { return failed() || done(); });
}

void Member::run_for(Duration time, const std::function<bool()>& done) {
  bool over = false;
  Timer timer(loop_, [&over] { over = true; });
  timer.set(loop_.now() + time);
  run_until([&] { return over || done(); });
}

ExitCode Member::end() {
  if (!std::exchange(ended_, true)) {
    machine_.halt();
    node_.scheduler().shut_down();
    if (failure_) say_failure();
    flight_.end(static_cast<int>(outcome()));
  }
  return outcome();
}

ExitCode Member::outcome() const {
  return failure_ ? exit_code_of(failure_->kind) : ExitCode::kDone;
}

void Member::act(const std::function<void()>& body) {
  machine_.step([&] {
    if (recording_ == nullptr) return node_.act(body);
    recording_->other([&] { node_.act(body); });
  });
}

void Member::on_ready() {
  if (const auto marked = directory_.mark(); !marked) failure_ = marked.error();
  if (!failure_ && callbacks_.ready) callbacks_.ready();
}

void Member::say_failure() {
  const bool is_ours =
      failure_->kind != StoreError::Kind::kForeign && failure_->kind != StoreError::Kind::kLocked;
  if (is_ours) say_last_events();
  journal_.say(Level::kError,
               is_ours ? "storage_failed" : "cannot_use_directory",
               {{"why", failure_->text}, {"next", std::string(advice_for(failure_->kind))}});
}

// How it came to this.
void Member::say_last_events() {
  const std::vector<TracedEvent> events = machine_.tracer().events();
  for (const TracedEvent& event : events) {
    Journal::Fields fields = event_fields(event);
    fields.insert(fields.begin(), {"what", std::string(event_name(event.kind))});
    // As loud as what it explains.
    journal_.say(Level::kError, "last_event", fields);
  }
}

}  // namespace holdfast::real
