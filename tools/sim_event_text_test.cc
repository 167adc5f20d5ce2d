#include "tools/sim_event_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/event.h"

namespace holdfast::tools {
namespace {

using testing::HasSubstr;

TEST(EventText, KnowsTheWordsOfEveryKind) {
#define HOLDFAST_CHECK_KIND(name, number, text) \
  EXPECT_EQ(words_known(EventKind::name), properties::words_of(EventKind::name)) << text;
  HOLDFAST_EVENTS(HOLDFAST_CHECK_KIND)
#undef HOLDFAST_CHECK_KIND
}

TEST(EventText, NamesEveryWord) {
  const Value value = Value::append(std::make_shared<const std::string>("x"), {});
  const std::uint64_t words[] = {
      17, Ballot::of(3, 0, NodeId{2}).value, event_flags(value, true), 0x5d0e0c1a00000000};
  EXPECT_EQ(words_text(EventKind::kAccepted, words),
            "position 17, ballot 3.0.2, append 5d0e0c1a, learned");
  const std::uint64_t promise[] = {kNoPosition, 5};
  EXPECT_EQ(words_text(EventKind::kPromised, promise), "position none, ballot 5");
}

TEST(EventText, ShowsWhatDoesNotFit) {
  const std::uint64_t words[] = {1, 2, 3};
  EXPECT_EQ(words_text(EventKind::kElectCalled, words), "op 1, 2, 3");
  EXPECT_EQ(words_text(static_cast<EventKind>(999), words), "1, 2, 3");
}

TEST(EventText, DecodesFrames) {
  Codec codec;
  Envelope envelope;
  envelope.sender = NodeId{2};
  envelope.request = RequestId{41};
  envelope.body = WriteRequest{
      .ballot = Ballot::of(3, 0, NodeId{2}), .position = {17}, .value = Value::truncate({9})};
  EXPECT_EQ(frame_text(codec, *codec.encode(envelope)),
            "write? ballot 3.0.2, position 17, truncate to 9, request 41");
  EXPECT_THAT(frame_text(codec, "damaged frame"), HasSubstr("13 bytes: "));
}

TEST(EventText, KnowsWhatAnEventIsAbout) {
  const std::uint64_t vote[] = {17, 5, 0, 0};
  EXPECT_EQ(subject_of(EventKind::kAccepted, vote),
            (Subject{.positions = Interval{{17}, {17}}, .ballot = Ballot{5}}));
  const std::uint64_t promise[] = {kNoPosition, 5};
  EXPECT_EQ(subject_of(EventKind::kPromised, promise), (Subject{.ballot = Ballot{5}}));
  const std::uint64_t range[] = {3, 9};
  EXPECT_EQ(subject_of(EventKind::kCatchingUp, range), (Subject{.positions = Interval{{3}, {9}}}));
  const std::uint64_t empty[] = {9, 3};
  EXPECT_EQ(subject_of(EventKind::kCatchingUp, empty), Subject{});
  // The position that a truncation keeps is not what the call is about.
  const std::uint64_t truncate[] = {1, 9};
  EXPECT_EQ(subject_of(EventKind::kTruncateCalled, truncate), Subject{});
}

TEST(EventText, KnowsWhatAFrameIsAbout) {
  Codec codec;
  const auto subject = [&](Message body) {
    Envelope envelope;
    envelope.sender = NodeId{2};
    envelope.body = std::move(body);
    return subject_of(codec, *codec.encode(envelope));
  };
  const Ballot ballot = Ballot::of(3, 0, NodeId{2});
  EXPECT_EQ(subject(WriteRequest{.ballot = ballot, .position = {17}, .value = Value::nop()}),
            (Subject{.positions = Interval{{17}, {17}}, .ballot = ballot}));
  EXPECT_EQ(subject(PromiseRequest{.ballot = ballot}), (Subject{.ballot = ballot}));
  EXPECT_EQ(subject(FetchRequest{.from = {3}, .to = {9}}),
            (Subject{.positions = Interval{{3}, {9}}}));
  EXPECT_EQ(subject(RecoverRequest{}), Subject{});
  EXPECT_EQ(subject_of(codec, "damaged frame"), Subject{});
}

TEST(EventText, ReadsTheBallotsItWrites) {
  for (const Ballot ballot : {Ballot{0},
                              Ballot{41},
                              Ballot::of(3, 0, NodeId{1}),
                              Ballot::of(Ballot::kRoundMax, 65535, NodeId{255})}) {
    EXPECT_EQ(parse_ballot(ballot_text(ballot)), ballot) << ballot.value;
  }
  for (const char* wrong : {"", "x", "3.0", "3.0.", "3..1", "3.65536.1", "3.0.256", "3.0.1.2"})
    EXPECT_EQ(parse_ballot(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace holdfast::tools
