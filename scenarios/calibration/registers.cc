#include "scenarios/calibration/registers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "scenarios/calibration/register_service.h"

namespace holdfast::scenarios {
namespace {

// One copy.

struct Copy {
  RegisterValue value = 0;
  friend auto operator<=>(const Copy&, const Copy&) = default;
};

class SingleCopy : public RegisterService<Copy> {
 public:
  using RegisterService::RegisterService;

 private:
  void on_request(StepOf& step, Copy& copy, Node from, const Content& content) override {
    if (const auto* put = std::get_if<Put>(&content)) {
      copy.value = put->value;
      step.send(from, PutDone{put->request});
    } else if (const auto* get = std::get_if<Get>(&content)) {
      step.send(from, GetDone{.request = get->request, .value = copy.value});
    }
  }

  std::string text_of_server(const Copy& copy) const override {
    return fmt::format("has {}", copy.value);
  }
};

// ABD.

struct Stamp {
  std::uint32_t count = 0;
  Node writer = 0;
  friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

struct Stamped {
  Stamp stamp;
  RegisterValue value = 0;
  friend auto operator<=>(const Stamped&, const Stamped&) = default;
};

struct Query {
  RequestId request;
  friend auto operator<=>(const Query&, const Query&) = default;
};

struct QueryDone {
  RequestId request;
  Stamped newest;
  friend auto operator<=>(const QueryDone&, const QueryDone&) = default;
};

struct Record {
  RequestId request;
  Stamped value;
  friend auto operator<=>(const Record&, const Record&) = default;
};

struct RecordDone {
  RequestId request;
  friend auto operator<=>(const RecordDone&, const RecordDone&) = default;
};

struct Asking {
  RequestId request;
  Node client;
  std::optional<RegisterValue> write;
  std::map<Node, Stamped> answers;
  friend auto operator<=>(const Asking&, const Asking&) = default;
};

struct Recording {
  RequestId request;
  Node client;
  std::optional<RegisterValue> read;
  std::set<Node> done;
  friend auto operator<=>(const Recording&, const Recording&) = default;
};

struct AbdServer {
  Stamped stored;
  std::variant<std::monostate, Asking, Recording> phase;
  friend auto operator<=>(const AbdServer&, const AbdServer&) = default;
};

class Abd : public RegisterService<AbdServer, Query, QueryDone, Record, RecordDone> {
 public:
  using RegisterService::RegisterService;

 private:
  AbdServer new_server(Node self) const override {
    return {.stored = {.stamp = {.count = 0, .writer = self}, .value = 0}, .phase = {}};
  }

  void on_request(StepOf& step, AbdServer& server, Node from, const Content& content) override {
    if (const auto* put = std::get_if<Put>(&content)) {
      ask(step,
          server,
          {.request = put->request, .client = from, .write = put->value, .answers = {}});
    } else if (const auto* get = std::get_if<Get>(&content)) {
      ask(step, server, {.request = get->request, .client = from, .write = {}, .answers = {}});
    } else if (const auto* query = std::get_if<Query>(&content)) {
      step.send(from, QueryDone{.request = query->request, .newest = server.stored});
    } else if (const auto* answer = std::get_if<QueryDone>(&content)) {
      take(step, server, from, *answer);
    } else if (const auto* record = std::get_if<Record>(&content)) {
      step.send(from, RecordDone{record->request});
      if (record->value.stamp > server.stored.stamp) server.stored = record->value;
    } else if (const auto* recorded = std::get_if<RecordDone>(&content)) {
      finish(step, server, from, *recorded);
    }
  }

  void ask(StepOf& step, AbdServer& server, Asking asking) const {
    if (!std::holds_alternative<std::monostate>(server.phase)) return;
    send_to_other_servers(step, Query{asking.request});
    asking.answers[step.self] = server.stored;
    server.phase = std::move(asking);
  }

  void take(StepOf& step, AbdServer& server, Node from, const QueryDone& answer) const {
    auto* asking = std::get_if<Asking>(&server.phase);
    if (asking == nullptr || asking->request != answer.request) return;
    asking->answers[from] = answer.newest;
    if (asking->answers.size() != majority()) return;
    Stamped newest;
    for (const auto& [node, stamped] : asking->answers)
      if (stamped.stamp >= newest.stamp) newest = stamped;
    Recording recording{
        .request = asking->request, .client = asking->client, .read = {}, .done = {step.self}};
    if (asking->write) {
      newest = {.stamp = {.count = newest.stamp.count + 1, .writer = step.self},
                .value = *asking->write};
    } else {
      recording.read = newest.value;
    }
    send_to_other_servers(step, Record{.request = recording.request, .value = newest});
    if (newest.stamp > server.stored.stamp) server.stored = newest;
    server.phase = std::move(recording);
  }

  void finish(StepOf& step, AbdServer& server, Node from, const RecordDone& answer) const {
    auto* recording = std::get_if<Recording>(&server.phase);
    if (recording == nullptr || recording->request != answer.request) return;
    recording->done.insert(from);
    if (recording->done.size() != majority()) return;
    if (recording->read) {
      step.send(recording->client,
                GetDone{.request = recording->request, .value = *recording->read});
    } else {
      step.send(recording->client, PutDone{recording->request});
    }
    server.phase = std::monostate{};
  }

  std::string text_of_server(const AbdServer& server) const override {
    return fmt::format("has {} of {}.{}, in phase {}",
                       server.stored.value,
                       server.stored.stamp.count,
                       server.stored.stamp.writer,
                       server.phase.index());
  }
};

// Paxos.

struct PaxosBallot {
  std::uint32_t round = 0;
  Node server = 0;
  friend auto operator<=>(const PaxosBallot&, const PaxosBallot&) = default;
};

struct Proposal {
  RequestId request;
  Node client;
  RegisterValue value;
  friend auto operator<=>(const Proposal&, const Proposal&) = default;
};

struct Vote {
  PaxosBallot ballot;
  Proposal proposal;
  friend auto operator<=>(const Vote&, const Vote&) = default;
};

struct Prepare {
  PaxosBallot ballot;
  friend auto operator<=>(const Prepare&, const Prepare&) = default;
};

struct Prepared {
  PaxosBallot ballot;
  std::optional<Vote> last;
  friend auto operator<=>(const Prepared&, const Prepared&) = default;
};

struct Accept {
  Vote vote;
  friend auto operator<=>(const Accept&, const Accept&) = default;
};

struct Accepted {
  PaxosBallot ballot;
  friend auto operator<=>(const Accepted&, const Accepted&) = default;
};

struct Decided {
  Vote vote;
  friend auto operator<=>(const Decided&, const Decided&) = default;
};

struct PaxosServer {
  PaxosBallot ballot;
  std::optional<Proposal> proposal;
  std::map<Node, std::optional<Vote>> prepared;
  std::set<Node> accepted_by;
  std::optional<Vote> accepted;
  bool decided = false;
  friend auto operator<=>(const PaxosServer&, const PaxosServer&) = default;
};

class Paxos : public RegisterService<PaxosServer, Prepare, Prepared, Accept, Accepted, Decided> {
 public:
  using RegisterService::RegisterService;

 private:
  // A server speaks to itself within the step.
  void on_request(StepOf& step, PaxosServer& server, Node from, const Content& content) override {
    if (server.decided) {
      if (const auto* get = std::get_if<Get>(&content)) {
        step.send(from, GetDone{.request = get->request, .value = server.accepted->proposal.value});
      }
    } else if (const auto* put = std::get_if<Put>(&content)) {
      propose(step, server, {.request = put->request, .client = from, .value = put->value});
    } else if (const auto* prepare = std::get_if<Prepare>(&content)) {
      if (prepare->ballot <= server.ballot) return;
      server.ballot = prepare->ballot;
      step.send(from, Prepared{.ballot = server.ballot, .last = server.accepted});
    } else if (const auto* prepared = std::get_if<Prepared>(&content)) {
      if (prepared->ballot == server.ballot) count(step, server, from, *prepared);
    } else if (const auto* accept = std::get_if<Accept>(&content)) {
      if (accept->vote.ballot < server.ballot) return;
      server.ballot = accept->vote.ballot;
      server.accepted = accept->vote;
      step.send(from, Accepted{server.ballot});
    } else if (const auto* accepted = std::get_if<Accepted>(&content)) {
      if (accepted->ballot == server.ballot) count(step, server, from);
    } else if (const auto* decided = std::get_if<Decided>(&content)) {
      server.ballot = decided->vote.ballot;
      server.accepted = decided->vote;
      server.decided = true;
    }
  }

  void propose(StepOf& step, PaxosServer& server, const Proposal& proposal) const {
    if (server.proposal) return;
    server.ballot = {.round = server.ballot.round + 1, .server = step.self};
    server.proposal = proposal;
    server.prepared = {{step.self, server.accepted}};
    server.accepted_by.clear();
    send_to_other_servers(step, Prepare{server.ballot});
  }

  void count(StepOf& step, PaxosServer& server, Node from, const Prepared& prepared) const {
    server.prepared[from] = prepared.last;
    if (server.prepared.size() != majority()) return;
    std::optional<Vote> newest;
    for (const auto& [node, vote] : server.prepared)
      newest = std::max(newest, vote);
    if (newest) server.proposal = newest->proposal;
    server.accepted = Vote{.ballot = server.ballot, .proposal = *server.proposal};
    server.accepted_by = {step.self};
    send_to_other_servers(step, Accept{*server.accepted});
  }

  void count(StepOf& step, PaxosServer& server, Node from) const {
    server.accepted_by.insert(from);
    if (server.accepted_by.size() != majority()) return;
    server.decided = true;
    send_to_other_servers(step,
                          Decided{Vote{.ballot = server.ballot, .proposal = *server.proposal}});
    step.send(server.proposal->client, PutDone{server.proposal->request});
  }

  std::string text_of_server(const PaxosServer& server) const override {
    return fmt::format("ballot {}.{}, {}{}",
                       server.ballot.round,
                       server.ballot.server,
                       server.accepted ? fmt::format("accepted {}", server.accepted->proposal.value)
                                       : "accepted nothing",
                       server.decided ? ", decided" : "");
  }
};

template <typename Service>
RegisterSystem system_of(std::uint32_t servers, std::uint32_t clients) {
  auto record = std::make_unique<ClientRecord>();
  auto behaviour = std::make_unique<Service>(servers, clients, *record);
  auto judge = std::make_unique<RegisterHistory>(*record);
  return {
      .record = std::move(record), .behaviour = std::move(behaviour), .judge = std::move(judge)};
}

}  // namespace

RegisterSystem single_copy_register(std::uint32_t servers, std::uint32_t clients) {
  return system_of<SingleCopy>(servers, clients);
}

RegisterSystem abd_register(std::uint32_t servers, std::uint32_t clients) {
  return system_of<Abd>(servers, clients);
}

RegisterSystem decided_register(std::uint32_t servers, std::uint32_t clients) {
  return system_of<Paxos>(servers, clients);
}

}  // namespace holdfast::scenarios
