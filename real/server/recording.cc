#include "real/server/recording.h"

#include <optional>
#include <utility>

#include <errno.h>
#include <time.h>

#include "protocol/env/check.h"

#include "real/client/codec.h"
#include "real/ports/system_text.h"
#include "real/server/recorded_calls.h"
#include "real/server/recording_file.h"

namespace holdfast::real {
namespace {

// Which job the thread is in, whose calls of the store are written down.
thread_local recording::Job* job_of_thread = nullptr;

// Both lanes call it, each from a thread of its own.
class RecordedStore final : public ReplicaStore {
 public:
  explicit RecordedStore(std::shared_ptr<ReplicaStore> store) : store_(std::move(store)) {}

  StoreResult<Restored> open() override {
    auto restored = store_->open();
    note(recording::Call::OPEN, restored, [&](recording::Call& call) {
      call.set_given(0);
      if (restored) set_restored(call, commit_codec_, *restored);
    });
    return restored;
  }

  StoreResult<void> write(const WriteBatch& batch) override {
    auto written = store_->write(batch);
    note(recording::Call::WRITE, written, [&](recording::Call& call) {
      call.set_given(given_to_write(commit_codec_, batch));
    });
    return written;
  }

  StoreResult<std::vector<Action>> read(Position from,
                                        Position to,
                                        std::size_t bytes_max) override {
    auto actions = store_->read(from, to, bytes_max);
    note(recording::Call::READ, actions, [&](recording::Call& call) {
      call.set_given(given_to_read(from, to, bytes_max));
      if (actions) set_records(call, bulk_codec_, *actions);
    });
    return actions;
  }

  StoreResult<std::size_t> erase_below(Position bound, std::size_t records_max) override {
    auto erased = store_->erase_below(bound, records_max);
    note(recording::Call::ERASE, erased, [&](recording::Call& call) {
      call.set_given(given_to_erase(bound, records_max));
      if (erased) call.set_erased(*erased);
    });
    return erased;
  }

 private:
  // `fill` says what the call was given, and what it returned if that is no error.
  template <typename Result, typename Fill>
  static void note(recording::Call::Kind kind, const Result& result, const Fill& fill) {
    // Of a job that was submitted after the recording had ended.
    if (job_of_thread == nullptr) return;
    recording::Call& call = *job_of_thread->add_calls();
    call.set_kind(kind);
    fill(call);
    if (!result) set_error(call, result.error());
  }

  std::shared_ptr<ReplicaStore> store_;
  Codec commit_codec_;
  Codec bulk_codec_;
};

}  // namespace

// Stands for the ports towards the process, and for the process towards the machine.
struct Recording::Impl final : public Clock,
                               public Network,
                               public Disk,
                               public Random,
                               public Tracer,
                               public Process {
  Impl(std::unique_ptr<RecordingWriter> to, Journal& told) : writer(std::move(to)), journal(told) {}

  std::unique_ptr<RecordingWriter> writer;
  Journal& journal;
  recording::Head head;
  std::optional<Ports> ports;
  Process* process = nullptr;
  // What the present step, or the making of the node, did so far.
  recording::Came came;
  Instant last;
  std::uint64_t jobs = 0;

  // What the step is given stands in the file before it is tried: if it is the last thing that the
  // process does, that is what people want to know.
  template <typename Body>
  void step(recording::Given given, const Body& body) {
    if (writer == nullptr) return body();
    const Instant now = ports->clock.now();
    given.set_after(static_cast<std::uint64_t>((now - last).ns()));
    last = now;
    write(given);
    body();
    write(came);
    came.Clear();
  }

  // With a gap it could not be played.
  void write(const google::protobuf::MessageLite& message) {
    if (writer == nullptr || writer->add(message)) return;
    journal.say(Level::kError,
                "recording_ended",
                {{"why", system_text(errno)}, {"next", "what is in the file can be replayed"}});
    writer = nullptr;
  }

  Instant now() const override { return ports->clock.now(); }

  void set_alarm(Instant at) override {
    if (writer) came.set_wake_at(at.ns());
    ports->clock.set_alarm(at);
  }

  void send(NodeId to, Frame frame) override {
    if (writer) came.add_sent(digest_of_send(to, frame));
    ports->network.send(to, std::move(frame));
  }

  void submit(Lane lane, Job job, Done done) override {
    if (!writer) return ports->disk.submit(lane, std::move(job), std::move(done));
    came.add_submitted(static_cast<std::uint32_t>(lane));
    const auto calls = std::make_shared<recording::Job>();
    calls->set_number(jobs++);
    ports->disk.submit(
        lane,
        [calls, job = std::move(job)] {
          job_of_thread = calls.get();
          job();
          job_of_thread = nullptr;
        },
        [this, calls, done = std::move(done)] {
          recording::Given given;
          given.mutable_job()->Swap(calls.get());
          step(std::move(given), done);
        });
  }

  bool sync_directory(const std::string& path) override { return ports->disk.sync_directory(path); }

  std::uint64_t draw(RandomStream stream) override {
    const std::uint64_t value = ports->random.draw(stream);
    if (!writer) return value;
    recording::Draw& draw = *came.add_draws();
    draw.set_stream(static_cast<std::uint32_t>(stream));
    draw.set_value(value);
    return value;
  }

  void record(EventKind kind,
              std::initializer_list<std::uint64_t> words,
              std::string_view bytes) override {
    if (writer) came.add_events(digest_of_event(kind, words, bytes));
    ports->tracer.record(kind, words, bytes);
  }

  void reach(Point point) override { ports->tracer.reach(point); }

  void start() override {
    recording::Given given;
    given.set_start(true);
    step(std::move(given), [this] { process->start(); });
  }

  void on_frame(const Frame& frame) override {
    recording::Given given;
    given.set_frame(*frame);
    step(std::move(given), [&] { process->on_frame(frame); });
  }

  void on_alarm() override {
    recording::Given given;
    given.set_alarm(true);
    step(std::move(given), [this] { process->on_alarm(); });
  }

  void on_disconnect(NodeId member) override {
    recording::Given given;
    given.set_disconnected(member.value);
    step(std::move(given), [&] { process->on_disconnect(member); });
  }
};

tl::expected<std::unique_ptr<Recording>, std::string> Recording::create(const std::string& file,
                                                                        const Build& build,
                                                                        const Config& config,
                                                                        Journal& journal) {
  auto writer = RecordingWriter::create(file);
  if (!writer) return tl::unexpected(writer.error());
  auto impl = std::make_unique<Impl>(std::move(*writer), journal);
  impl->head.set_version(build.version);
  impl->head.set_core(build.core);
  impl->head.set_config(config.text);
  impl->head.set_config_file(config.file);
  impl->head.set_started(static_cast<std::uint64_t>(::time(nullptr)));
  return std::unique_ptr<Recording>(new Recording(std::move(impl)));
}

Recording::Recording(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Recording::~Recording() = default;

Ports Recording::wrap(Ports ports) {
  impl_->ports.emplace(ports);
  impl_->last = ports.clock.now();
  impl_->head.set_born(impl_->last.ns());
  impl_->write(impl_->head);
  return {*impl_, *impl_, *impl_, *impl_, *impl_};
}

std::shared_ptr<ReplicaStore> Recording::wrap(std::shared_ptr<ReplicaStore> store) {
  return std::make_shared<RecordedStore>(std::move(store));
}

Process& Recording::wrap(Process& process) {
  impl_->process = &process;
  return *impl_;
}

void Recording::requests(std::vector<Asked>& asked,
                         std::optional<std::uint64_t> wanted_bytes,
                         const std::function<void()>& body) {
  if (impl_->writer == nullptr) return body();
  recording::Given given;
  for (Asked& one : asked) {
    recording::Asked& each = *given.mutable_requests()->add_asked();
    each.set_request(encode(one.request));
    each.set_deadline(one.deadline.ns());
    one.reply = [impl = impl_.get(), reply = std::move(one.reply)](Response response) {
      if (impl->writer) impl->came.add_answered(digest_of_answer(response));
      reply(std::move(response));
    };
  }
  if (wanted_bytes) given.mutable_requests()->set_wanted_bytes(*wanted_bytes);
  impl_->step(std::move(given), body);
}

void Recording::other(const std::function<void()>& body) {
  recording::Given given;
  given.set_other(true);
  impl_->step(std::move(given), body);
}

}  // namespace holdfast::real
