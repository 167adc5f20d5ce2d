#include "real/server/replay.h"

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "protocol/env/check.h"
#include "protocol/env/process.h"

#include "protocol/events.h"
#include "protocol/node.h"

#include "real/client/codec.h"
#include "real/server/answers.h"
#include "real/server/config.h"
#include "real/server/recorded_calls.h"
#include "real/server/recording_file.h"

namespace holdfast::real {
namespace {

constexpr std::uint64_t kAskEvery = 1024;

constexpr const char* kNames[] = {"open", "write", "read", "erase"};

std::string given_text(const recording::Given& step) {
  if (step.has_frame()) return fmt::format("a frame of {} bytes", step.frame().size());
  if (step.has_job()) return fmt::format("the end of job {}", step.job().number());
  if (step.has_requests()) return fmt::format("{} requests", step.requests().asked_size());
  if (step.has_disconnected())
    return fmt::format("a connection to {} that ended", step.disconnected());
  return step.has_alarm() ? "an alarm" : "its start";
}

// What happens again, held against what is written down.  The first thing that differs is kept.
class Comparison {
 public:
  void differs(std::string text) {
    if (!text_) text_ = std::move(text);
  }

  const std::optional<std::string>& text() const { return text_; }

  template <typename Numbers, typename Text>
  void lists(const char* what,
             const Numbers& recorded,
             const std::vector<std::uint64_t>& found,
             const Text& text_of) {
    const auto size = static_cast<std::size_t>(recorded.size());
    for (std::size_t i = 0; i < size && i < found.size(); ++i) {
      const std::uint64_t was = recorded.Get(static_cast<int>(i));
      if (was == found[i]) continue;
      const std::string before = text_of(was);
      const std::string after = text_of(found[i]);
      return differs(before == after
                         ? fmt::format("{} {}, {}, says something else", what, i + 1, after)
                         : fmt::format("{} {} was {}, and is {}", what, i + 1, before, after));
    }
    if (size == found.size()) return;
    const bool fewer = found.size() < size;
    const std::uint64_t odd = fewer ? recorded.Get(static_cast<int>(found.size())) : found[size];
    differs(fmt::format("{} {}, {}, {}",
                        what,
                        std::min(size, found.size()) + 1,
                        text_of(odd),
                        fewer ? "does not happen" : "is new"));
  }

 private:
  std::optional<std::string> text_;
};

// Answers as the store did.
class RecordedAnswers final : public ReplicaStore {
 public:
  explicit RecordedAnswers(Comparison& comparison) : comparison_(comparison) {}

  // A job runs, which made these calls.
  void begin(const recording::Job& job) {
    job_ = &job;
    next_ = 0;
  }

  void end() {
    if (next_ < job_->calls_size()) comparison_.differs("the job calls the store less often");
  }

  std::uint64_t writes() const { return writes_; }

  StoreResult<Restored> open() override {
    const recording::Call* call = take(recording::Call::OPEN, 0);
    if (call == nullptr) return lost();
    return result(restored_in(*call, codec_));
  }

  StoreResult<void> write(const WriteBatch& batch) override {
    ++writes_;
    const recording::Call* call = take(recording::Call::WRITE, given_to_write(codec_, batch));
    if (call == nullptr) return lost();
    return {};
  }

  StoreResult<std::vector<Action>> read(Position from,
                                        Position to,
                                        std::size_t bytes_max) override {
    const recording::Call* call = take(recording::Call::READ, given_to_read(from, to, bytes_max));
    if (call == nullptr) return lost();
    return result(records_in(*call, codec_));
  }

  StoreResult<std::size_t> erase_below(Position bound, std::size_t records_max) override {
    const recording::Call* call = take(recording::Call::ERASE, given_to_erase(bound, records_max));
    if (call == nullptr) return lost();
    return call->erased();
  }

 private:
  // Null: it failed, or was not made, which lost() tells.
  const recording::Call* take(recording::Call::Kind kind, std::uint64_t given) {
    error_ = {};
    const char* name = kNames[kind - recording::Call::OPEN];
    if (next_ == job_->calls_size()) {
      comparison_.differs(fmt::format("a {} of the store is new", name));
      return nullptr;
    }
    const recording::Call& call = job_->calls(next_++);
    if (call.kind() != kind) {
      comparison_.differs(fmt::format("call {} of the store was {}, and is {}",
                                      next_,
                                      kNames[call.kind() - recording::Call::OPEN],
                                      name));
      return nullptr;
    }
    if (call.given() != given) {
      // An answer to another question would make the node fail for that reason.
      comparison_.differs(
          fmt::format("call {} of the store, {}, is given something else", next_, name));
      return nullptr;
    }
    if (!call.has_error()) return &call;
    error_ = error_in(call);
    if (error_.kind > StoreError::Kind::kForeign) {
      comparison_.differs("the store failed in a way that is not known");
      error_.kind = StoreError::Kind::kIo;
    }
    return nullptr;
  }

  tl::unexpected<StoreError> lost() const { return tl::unexpected(error_); }

  template <typename T>
  StoreResult<T> result(tl::expected<T, std::string> found) {
    if (found) return std::move(*found);
    comparison_.differs("what the store returned cannot be understood: " + found.error());
    return lost();
  }

  Comparison& comparison_;
  const recording::Job* job_ = nullptr;
  int next_ = 0;
  StoreError error_;
  Codec codec_;
  std::uint64_t writes_ = 0;
};

// The ports of a life that is over.
class RecordedWorld final : public Clock,
                            public Network,
                            public Disk,
                            public Random,
                            public Tracer {
 public:
  RecordedWorld(Instant born, Comparison& comparison, const ReplayOptions& options)
      : now_(born),
        born_(born),
        comparison_(comparison),
        options_(options) {}

  Ports all() { return {*this, *this, *this, *this, *this}; }

  // Of the step that comes; before the first one the node is made.
  void expect(const recording::Came& came) {
    draws_ = &came.draws();
    drawn_ = 0;
  }

  void pass_time(const recording::Given& step) {
    now_ = Instant::at(now_.ns() + static_cast<std::int64_t>(step.after()));
  }

  Duration after_birth() const { return now_ - born_; }

  // What came of it, against what did.
  void compare(const recording::Came& step) {
    comparison_.lists("event", step.events(), events_, [](std::uint64_t digest) {
      return std::string(event_name(kind_of_event(digest)));
    });
    comparison_.lists("frame", step.sent(), sent_, [](std::uint64_t digest) {
      return fmt::format("to {}", receiver_of_send(digest).value);
    });
    comparison_.lists("job", step.submitted(), submitted_, [](std::uint64_t lane) {
      return fmt::format("in lane {}", lane);
    });
    comparison_.lists("answer", step.answered(), answered_, [](std::uint64_t digest) {
      return fmt::format("{:016x}", digest);
    });
    if (drawn_ < draws_->size()) comparison_.differs("it draws less often");
    if (step.has_wake_at() != wake_at_.has_value() ||
        (wake_at_ && wake_at_->ns() != step.wake_at())) {
      comparison_.differs("it asks to be woken at another time");
    }
    events_count_ += events_.size();
    sent_count_ += sent_.size();
    events_.clear();
    sent_.clear();
    submitted_.clear();
    answered_.clear();
    wake_at_.reset();
  }

  // Null: it was never submitted, or ended before.
  std::optional<std::pair<Job, Done>> take_job(std::uint64_t number) {
    const std::uint64_t place = number - jobs_ended_;
    if (number < jobs_ended_ || place >= jobs_.size() || !jobs_[place].first) return std::nullopt;
    auto taken = std::exchange(jobs_[place], {});
    for (; !jobs_.empty() && !jobs_.front().first; ++jobs_ended_)
      jobs_.pop_front();
    return taken;
  }

  void answer(const Response& response) { answered_.push_back(digest_of_answer(response)); }

  Instant now() const override { return now_; }

  void set_alarm(Instant at) override { wake_at_ = at; }

  void send(NodeId to, Frame frame) override { sent_.push_back(digest_of_send(to, frame)); }

  void submit(Lane lane, Job job, Done done) override {
    submitted_.push_back(static_cast<std::uint64_t>(lane));
    jobs_.emplace_back(std::move(job), std::move(done));
  }

  bool sync_directory(const std::string&) override { return true; }

  std::uint64_t draw(RandomStream stream) override {
    if (drawn_ == draws_->size()) {
      comparison_.differs("it draws once more");
      return 0;
    }
    const recording::Draw& draw = draws_->Get(drawn_++);
    if (draw.stream() != static_cast<std::uint32_t>(stream)) {
      comparison_.differs(fmt::format("draw {} was of stream {}, and is of stream {}",
                                      drawn_,
                                      draw.stream(),
                                      static_cast<unsigned>(stream)));
    }
    return draw.value();
  }

  void record(EventKind kind,
              std::initializer_list<std::uint64_t> words,
              std::string_view bytes) override {
    events_.push_back(digest_of_event(kind, words, bytes));
    if (options_.watch) options_.watch(after_birth(), kind, words, bytes);
  }

  void reach(Point) override {}

  // Of all steps that were compared.
  std::uint64_t events_count() const { return events_count_; }

  std::uint64_t sent_count() const { return sent_count_; }

 private:
  std::uint64_t events_count_ = 0;
  std::uint64_t sent_count_ = 0;
  Instant now_;
  Instant born_;
  Comparison& comparison_;
  const ReplayOptions& options_;
  const google::protobuf::RepeatedPtrField<recording::Draw>* draws_ = nullptr;
  int drawn_ = 0;
  std::vector<std::uint64_t> events_;
  std::vector<std::uint64_t> sent_;
  std::vector<std::uint64_t> submitted_;
  std::vector<std::uint64_t> answered_;
  std::optional<Instant> wake_at_;
  // From the oldest on that has not ended; those that have are empty.
  std::deque<std::pair<Job, Done>> jobs_;
  std::uint64_t jobs_ended_ = 0;
};

class Replay {
 public:
  Replay(RecordingReader& reader,
         const recording::Head& head,
         NodeOptions options,
         const ReplayOptions& wishes,
         ReplayReport report)
      : reader_(reader),
        wishes_(wishes),
        report_(std::move(report)),
        world_(Instant::at(head.born()), comparison_, wishes),
        options_(std::move(options)),
        store_(std::make_shared<RecordedAnswers>(comparison_)) {}

  // The node's fibers use the answers.
  ~Replay() {
    if (node_ != nullptr) node_->scheduler().shut_down();
  }

  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  tl::expected<ReplayReport, std::string> run() {
    recording::Given given;
    recording::Came came;
    while (!report_.divergence && reader_.next(given)) {
      ++report_.steps;
      if (given.has_other()) {
        return tl::unexpected(fmt::format(
            "step {}: an application did something that no recording has; only those of "
            "holdfastd can be replayed",
            report_.steps));
      }
      // The life ended in this step: what it drew there is not known.
      came.Clear();
      report_.died = !reader_.next(came) && reader_.problem().empty();
      if (!reader_.problem().empty()) break;
      do_again(given, came);
      if (wishes_.go_on && report_.steps % kAskEvery == 0 && !wishes_.go_on(report_)) break;
    }
    if (!reader_.problem().empty()) return tl::unexpected(reader_.problem());
    report_.events = world_.events_count();
    report_.sent = world_.sent_count();
    report_.writes = store_->writes();
    return report_;
  }

 private:
  void make_node() {
    node_ = std::make_unique<Node>(
        options_,
        world_.all(),
        store_,
        Node::Callbacks{.ready = nullptr,
                        .stopped = nullptr,
                        .elected = [this](std::uint64_t) { answers_->on_term(); },
                        .lost = [this](std::uint64_t, Failure) { answers_->on_term(); }});
    answers_ =
        std::make_unique<Answers>(*node_,
                                  Answers::Limits{},
                                  Answers::World{.connected = [] { return 0u; },
                                                 .wanted_bytes = [this] { return wanted_bytes_; }});
  }

  void do_again(const recording::Given& given, const recording::Came& came) {
    world_.expect(came);
    if (node_ == nullptr) make_node();
    world_.pass_time(given);
    report_.span = world_.after_birth();
    give(given);
    if (report_.died) return;
    world_.compare(came);
    if (!comparison_.text()) return;
    report_.divergence = {.step = report_.steps,
                          .after = report_.span,
                          .given = given_text(given),
                          .text = *comparison_.text()};
  }

  void give(const recording::Given& step) {
    if (step.has_start() != (report_.steps == 1)) {
      return comparison_.differs("a life has one start, which is its first step");
    }
    if (step.has_start()) return node_->start();
    if (step.has_frame()) {
      ++report_.frames;
      return node_->on_frame(std::make_shared<const std::string>(step.frame()));
    }
    if (step.has_alarm()) {
      ++report_.alarms;
      return node_->on_alarm();
    }
    if (step.has_disconnected()) {
      ++report_.disconnects;
      return node_->on_disconnect(NodeId{static_cast<std::uint8_t>(step.disconnected())});
    }
    if (step.has_job()) return give(step.job());
    if (step.has_requests()) return give(step.requests());
    comparison_.differs("nothing is said of what it was given");
  }

  void give(const recording::Job& job) {
    ++report_.jobs;
    auto taken = world_.take_job(job.number());
    if (!taken) return comparison_.differs("it has not submitted this job");
    store_->begin(job);
    taken->first();
    store_->end();
    taken->second();
  }

  void give(const recording::Requests& requests) {
    report_.requests += static_cast<std::uint64_t>(requests.asked_size());
    wanted_bytes_.reset();
    if (requests.has_wanted_bytes()) wanted_bytes_ = requests.wanted_bytes();
    std::vector<Asked> asked;
    for (const recording::Asked& one : requests.asked()) {
      auto request = decode_request(one.request());
      if (!request)
        return comparison_.differs("a request cannot be understood: " + request.error());
      asked.push_back({.request = std::move(*request),
                       .deadline = Instant::at(one.deadline()),
                       .reply = [this](const Response& response) { world_.answer(response); }});
    }
    node_->act([&] { answers_->begin(std::move(asked)); });
  }

  RecordingReader& reader_;
  const ReplayOptions& wishes_;
  ReplayReport report_;
  Comparison comparison_;
  RecordedWorld world_;
  NodeOptions options_;
  std::shared_ptr<RecordedAnswers> store_;
  std::optional<std::uint64_t> wanted_bytes_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<Answers> answers_;
};

}  // namespace

tl::expected<ReplayReport, std::string> replay_recording(const std::string& file,
                                                         const ReplayOptions& options) {
  auto reader = RecordingReader::open(file);
  if (!reader) return tl::unexpected(reader.error());
  recording::Head head;
  // It died before it was anything.
  if (!reader->next(head) && reader->problem().empty()) return ReplayReport{};
  if (!reader->problem().empty()) return tl::unexpected(reader->problem());
  auto config = parse_config(head.config(), head.config_file());
  if (!config) {
    return tl::unexpected(file + ": its configuration: " + config.error().front().to_text());
  }
  if (!config->self) return tl::unexpected(file + ": its configuration is no member's");
  ReplayReport report{.version = head.version(),
                      .core = head.core(),
                      .config_file = head.config_file(),
                      .member = config->self->id,
                      .started = head.started()};
  auto done = Replay(*reader, head, config->node, options, std::move(report)).run();
  if (!done) return tl::unexpected(file + ": " + done.error());
  return done;
}

}  // namespace holdfast::real
