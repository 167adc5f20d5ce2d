// The one file that knows prometheus-cpp.

#include "real/server/metrics.h"

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "protocol/events.h"

#include "real/server/event_text.h"

namespace holdfast::real {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

// Seconds: from a write to a fast disk to a client's patience.
const Histogram::BucketBoundaries kSeconds{0.0001,
                                           0.00025,
                                           0.0005,
                                           0.001,
                                           0.0025,
                                           0.005,
                                           0.01,
                                           0.025,
                                           0.05,
                                           0.1,
                                           0.25,
                                           0.5,
                                           1,
                                           2.5,
                                           5,
                                           10};

double seconds(Duration time) {
  return static_cast<double>(time.ns()) / 1e9;
}

// By the alternatives of Request::body.
constexpr std::array<const char*, 5> kRequests{"append", "read", "truncate", "status", "catchup"};
static_assert(kRequests.size() == std::variant_size_v<decltype(Request::body)>);

constexpr std::array<Status, 4> kStatuses{
    Status::kVoting, Status::kRecovering, Status::kStarting, Status::kEmpty};

void add_network_counters(prometheus::Registry& moment,
                          const prometheus::Labels& labels,
                          const MetricsMoment& now) {
  auto& frames =
      prometheus::BuildCounter()
          .Name("holdfast_frames_total")
          .Help("Frames between members: given to a connection, lost before that, and taken")
          .Labels(labels)
          .Register(moment);
  frames.Add({{"what", "sent"}}).Increment(static_cast<double>(now.network.sent));
  frames.Add({{"what", "dropped"}}).Increment(static_cast<double>(now.network.dropped));
  frames.Add({{"what", "received"}}).Increment(static_cast<double>(now.network.received));
  auto& refused = prometheus::BuildCounter()
                      .Name("holdfast_refused_connections_total")
                      .Help("Connections to a port that were none of ours")
                      .Labels(labels)
                      .Register(moment);
  refused.Add({{"port", "members"}}).Increment(static_cast<double>(now.network.refused));
  refused.Add({{"port", "clients"}}).Increment(static_cast<double>(now.clients_refused));
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(const prometheus::Labels& who)
      : requests(
            histograms("holdfast_request_seconds",
                       "How long requests of clients took, by what they were and what came of them",
                       who)),
        jobs(histograms("holdfast_disk_seconds",
                        "How long jobs of the disk ran; the commit lane's end with a sync",
                        who)),
        job_waits(histograms("holdfast_disk_wait_seconds",
                             "How long jobs of the disk waited for their thread",
                             who)),
        elections(histograms(
            "holdfast_election_seconds", "How long elections that this member ran took", who)),
        events(prometheus::BuildCounter()
                   .Name("holdfast_events_total")
                   .Help("What the member did, by the names of its events")
                   .Labels(who)
                   .Register(registry)),
        labels(who) {}

  Family<Histogram>& histograms(const char* name, const char* help, const prometheus::Labels& who) {
    return prometheus::BuildHistogram().Name(name).Help(help).Labels(who).Register(registry);
  }

  // Made when it is first needed, and known from then on.
  Histogram& request(std::size_t kind, ErrorKind error) {
    auto& known = requests_known[{kind, error}];
    if (known == nullptr) {
      const std::string outcome(error == ErrorKind{} ? "ok" : error_name(error));
      known = &requests.Add({{"kind", kRequests.at(kind)}, {"outcome", outcome}}, kSeconds);
    }
    return *known;
  }

  Histogram& job(Family<Histogram>& family, Lane lane) {
    return family.Add({{"lane", lane == Lane::kCommit ? "commit" : "bulk"}}, kSeconds);
  }

  void count_events() {
    for (std::size_t kind = 0; kind < event_counts.size(); ++kind) {
      if (event_counts[kind] == 0) continue;
      const std::string name(event_name(static_cast<EventKind>(kind)));
      Counter& counter = events.Add({{"event", name}});
      counter.Increment(static_cast<double>(event_counts[kind]) - counter.Value());
    }
  }

  prometheus::Registry registry;
  Family<Histogram>& requests;
  Family<Histogram>& jobs;
  Family<Histogram>& job_waits;
  Family<Histogram>& elections;
  Family<Counter>& events;
  prometheus::Labels labels;
  std::map<std::pair<std::size_t, ErrorKind>, Histogram*> requests_known;
  // By kind; put into `events` when somebody asks: some are recorded with every append.
  std::vector<std::uint64_t> event_counts;
  std::optional<Instant> election_began;
};

Metrics::Metrics(std::string_view cluster, NodeId member)
    : impl_(std::make_unique<Impl>(prometheus::Labels{
          {"cluster", std::string(cluster)}, {"member", std::to_string(int{member.value})}})) {
  for (const Lane lane : {Lane::kCommit, Lane::kBulk}) {
    impl_->job(impl_->jobs, lane);
    impl_->job(impl_->job_waits, lane);
  }
}

Metrics::~Metrics() = default;

void Metrics::answered(std::size_t kind, const Response& response, Duration took) {
  const auto* const failed = std::get_if<Failed>(&response.body);
  impl_->request(kind, failed != nullptr ? failed->kind : ErrorKind{}).Observe(seconds(took));
}

void Metrics::job_ended(Lane lane, Duration waited, Duration ran) {
  impl_->job(impl_->jobs, lane).Observe(seconds(ran));
  impl_->job(impl_->job_waits, lane).Observe(seconds(waited));
}

void Metrics::on_event(const TracedEvent& event) {
  const auto kind = static_cast<std::size_t>(event.kind);
  if (impl_->event_counts.size() <= kind) impl_->event_counts.resize(kind + 1);
  ++impl_->event_counts[kind];
  const auto ended = [&](const char* outcome) {
    if (!impl_->election_began) return;
    impl_->elections.Add({{"outcome", outcome}}, kSeconds)
        .Observe(seconds(event.at - *impl_->election_began));
    impl_->election_began.reset();
  };
  switch (event.kind) {
    case EventKind::kElecting:
      if (!impl_->election_began) impl_->election_began = event.at;
      break;
    case EventKind::kElected:
      ended("won");
      break;
    case EventKind::kElectionLost:
      ended("lost");
      break;
    default:
      break;
  }
}

std::string Metrics::text(const MetricsMoment& now) const {
  // Nothing of a moment outlives it.
  prometheus::Registry moment;
  const auto gauge = [&](const char* name, const char* help, double value) {
    prometheus::BuildGauge()
        .Name(name)
        .Help(help)
        .Labels(impl_->labels)
        .Register(moment)
        .Add({})
        .Set(value);
  };
  const MemberStatus& status = now.status;
  gauge("holdfast_begin",
        "The first position that is not truncated",
        static_cast<double>(status.begin.value));
  // Of a log without records both are below its first position.
  gauge("holdfast_end",
        "The last position with any record here; -1: there is none",
        status.end ? static_cast<double>(status.end->value) : -1);
  gauge("holdfast_learned",
        "Everything up to it is learned here; -1: nothing is",
        status.learned ? static_cast<double>(status.learned->value) : -1);
  gauge("holdfast_incarnation", "Disks that this member has lost", status.incarnation.value);
  gauge("holdfast_coordinating",
        "1 while this member coordinates",
        status.role == MemberRole::kCoordinator ? 1 : 0);
  gauge("holdfast_coordinator",
        "Whom this member takes for the coordinator; 0: it knows of none",
        status.coordinator ? status.coordinator->value : 0);
  gauge("holdfast_connected_members", "Other members that this one reaches", status.connected);
  gauge("holdfast_uptime_seconds", "Since the process began", seconds(status.uptime));
  gauge("holdfast_requests_waiting",
        "Requests of clients under way",
        static_cast<double>(now.requests_waiting));
  gauge("holdfast_disk_free_bytes",
        "Free on the file system of the data directory",
        static_cast<double>(now.disk_free_bytes));
  gauge("holdfast_disk_low",
        "1 while less than the reserve is free, and this member takes no appends",
        now.disk_is_low ? 1 : 0);
  gauge("holdfast_disk_jobs_pending",
        "Jobs of the disk that wait or run",
        static_cast<double>(now.jobs_pending));
  auto& statuses = prometheus::BuildGauge()
                       .Name("holdfast_status")
                       .Help("1 for the status that the member has (docs/operations.md)")
                       .Labels(impl_->labels)
                       .Register(moment);
  for (const Status each : kStatuses) {
    statuses.Add({{"status", std::string(status_name(each))}}).Set(each == status.status ? 1 : 0);
  }
  add_network_counters(moment, impl_->labels, now);
  impl_->count_events();
  auto families = impl_->registry.Collect();
  for (auto& family : moment.Collect())
    families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace holdfast::real
