// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The state of stream resets (RFC 6525).
struct StreamResets: Sendable {
    /// Streams that the user wants reset and that still have data under way.
    var waiting: [StreamID] = []
    /// The request that the peer has not answered; there is one at a time.
    var request: Request?
    /// Whether the request is to be sent (again).
    var isRequestDue = false
    /// How often it was sent.
    var attempts = 0
    /// The number of the next request.
    var nextNumber: ReconfigSequence
    /// The number that the next request of the peer has.
    var nextPeerNumber = ReconfigSequence(0)
    /// How the last request of the peer ended, in case that it did not hear of it.
    var lastResult = ReconfigResult.nothingToDo
    /// Answers to be sent.
    var answers: [ReconfigParameter] = []
    /// A request of the peer for which data is missing.
    var deferred: Request?

    /// A request to start streams anew, of either side.
    struct Request: Equatable, Sendable {
        /// Its number.
        var number: ReconfigSequence
        /// The streams; of the peer, all if none is named.
        var streams: [StreamID]
        /// The last TSN that was given before.
        var lastTSN: TSN
    }

    /// §4.1: numbers begin with the initial TSN.
    init(localInitialTSN: TSN) {
        self.nextNumber = ReconfigSequence(localInitialTSN.rawValue)
    }

    /// The peer is known.
    mutating func begin(peerInitialTSN: TSN) {
        self.nextPeerNumber = ReconfigSequence(peerInitialTSN.rawValue)
        self.answers = []
        self.deferred = nil
    }

    /// Queues an answer; beyond a few they are dropped, as the peer asks again.
    mutating func answer(_ number: ReconfigSequence, _ result: ReconfigResult) {
        guard self.answers.count < Self.maximumAnswers else { return }
        self.answers.append(
            .response(to: number, result: result.rawValue, senderNextTSN: nil, receiverNextTSN: nil)
        )
    }

    private static let maximumAnswers = 4
}

extension Association {
    /// Starts streams anew on which this side sends, once all that was sent on them is acknowledged or given up.
    ///
    /// Until `outgoingStreamsReset` or `outgoingResetDenied` tells the end, nothing can be sent on them.
    /// - Throws: `.notOpen`, or `.resetsUnsupported` if the peer is known not to understand it.
    package mutating func resetStreams(_ streams: [StreamID], at now: Instant) throws(SCTPError) {
        guard self.state.acceptsMessages else { throw .notOpen }
        if let peer = self.peer, !peer.extensions.contains(.reconfig) { throw .resetsUnsupported }
        for stream in streams where !self.transmission.queue.isResetting(stream) {
            self.transmission.queue.beginReset(of: stream)
            self.resets.waiting.append(stream)
        }
        self.startReset(at: now)
    }

    /// Makes a request of all streams that are ready for it.
    mutating func startReset(at now: Instant) {
        guard self.resets.request == nil, !self.resets.waiting.isEmpty, self.state.sendsData, let peer = self.peer
        else {
            return
        }
        guard peer.extensions.contains(.reconfig) else {
            self.finishReset(of: self.resets.waiting, .outgoingResetDenied(self.resets.waiting))
            self.resets.waiting = []
            return
        }
        var ready: [StreamID] = []
        for stream in self.resets.waiting where ready.count < Self.maximumStreams {
            if self.transmission.queue.isQuiescent(stream) { ready.append(stream) }
        }
        guard !ready.isEmpty else { return }
        self.resets.waiting.removeAll { ready.contains($0) }
        self.resets.request = StreamResets.Request(
            number: self.resets.nextNumber,
            streams: ready,
            lastTSN: self.transmission.outstanding.nextTSN.previous
        )
        self.resets.nextNumber = self.resets.nextNumber.next
        self.resets.attempts = 0
        self.resets.isRequestDue = true
    }

    /// The peer did not answer in time.
    mutating func repeatReset(at now: Instant) {
        guard self.resets.request != nil, self.state.isSynchronized else { return }
        self.resets.attempts += 1
        self.resets.isRequestDue = true
    }

    /// Writes an answer or a request; one RE-CONFIG for each, as not every stack takes combinations.
    mutating func writeReconfig(into writer: inout ByteWriter, at now: Instant) {
        while let answer = self.resets.answers.first, self.room(in: writer) >= Self.answerSize {
            writer.reconfigChunk(ReconfigChunk([answer]))
            self.resets.answers.removeFirst()
        }
        guard self.resets.isRequestDue, let request = self.resets.request,
            self.room(in: writer) >= Self.requestSize + 2 * request.streams.count
        else { return }
        let parameter = ReconfigParameter.outgoingReset(
            request: request.number,
            response: self.resets.nextPeerNumber.previous,
            lastTSN: request.lastTSN,
            streams: request.streams
        )
        writer.reconfigChunk(ReconfigChunk([parameter]))
        self.resets.isRequestDue = false
        let delay = self.transmission.timeout.backedOff(self.resets.attempts)
        self.timers[.reconfig] = now.advanced(byNanoseconds: delay)
    }

    /// RE-CONFIG of the peer; its flags mean nothing (some stacks set them).
    mutating func receiveReconfig(_ value: Span<UInt8>, at now: Instant) throws(SCTPError) {
        guard self.state.isSynchronized else { return }
        let chunk: ReconfigChunk
        do throws(MalformedPacket) {
            chunk = try ReconfigChunk(parsing: value)
        } catch {
            throw .malformed(error)
        }
        for parameter in chunk.parameters {
            switch parameter {
            case .outgoingReset(let number, _, let lastTSN, let streams):
                let request = StreamResets.Request(number: number, streams: streams, lastTSN: lastTSN)
                if self.isNew(number) { self.perform(request) }
            case .incomingReset(let number, _), .associationReset(let number),
                .addOutgoingStreams(let number, _), .addIncomingStreams(let number, _):
                // RFC 8831 §6.7 knows outgoing resets only.
                if self.isNew(number) { self.answer(number, .denied) }
            case .response(let number, let result, _, _):
                self.receiveReconfigResponse(to: number, result: result, at: now)
            }
        }
        for parameter in chunk.unrecognized {
            self.control.report(ErrorCause(.unrecognizedParameters, value: parameter))
        }
    }

    /// Performs a reset of the peer that waited for data.
    mutating func completeDeferredReset() {
        guard let request = self.resets.deferred, request.lastTSN.isAtMost(self.receiver.cumulativeTSN) else { return }
        self.perform(request)
    }

    /// Whether a request is the next one; a repeated one is answered as before, any other is refused (§5.2.1).
    private mutating func isNew(_ number: ReconfigSequence) -> Bool {
        if number == self.resets.nextPeerNumber { return true }
        if number == self.resets.nextPeerNumber.previous {
            self.resets.answer(number, self.resets.lastResult)
        } else {
            self.resets.answer(number, .badSequenceNumber)
        }
        return false
    }

    /// §5.2.2: streams are reset when all data before is there; until then the peer is told to wait.
    private mutating func perform(_ request: StreamResets.Request) {
        guard request.lastTSN.isAtMost(self.receiver.cumulativeTSN) else {
            self.resets.deferred = request
            self.resets.answer(request.number, .inProgress)
            return
        }
        self.resets.deferred = nil
        self.receiver.reset(request.streams)
        self.answer(request.number, .performed)
        self.events.append(.incomingStreamsReset(request.streams))
    }

    private mutating func answer(_ number: ReconfigSequence, _ result: ReconfigResult) {
        self.resets.answer(number, result)
        self.resets.lastResult = result
        self.resets.nextPeerNumber = number.next
    }

    private mutating func receiveReconfigResponse(to number: ReconfigSequence, result: UInt32, at now: Instant) {
        guard let request = self.resets.request, request.number == number else { return }
        switch ReconfigResult(rawValue: result) {
        case .inProgress, .alreadyInProgress:
            // It is asked again when the timer expires, without backing off: the peer is there.
            self.resets.attempts = 0
            return
        case .performed, .nothingToDo:
            self.finishReset(of: request.streams, .outgoingStreamsReset(request.streams))
        case .denied, .wrongSSN, .badSequenceNumber, nil:
            self.finishReset(of: request.streams, .outgoingResetDenied(request.streams))
        }
        self.resets.request = nil
        self.resets.isRequestDue = false
        self.timers[.reconfig] = nil
        self.startReset(at: now)
    }

    private mutating func finishReset(of streams: [StreamID], _ event: Event) {
        var isPerformed = false
        if case .outgoingStreamsReset = event { isPerformed = true }
        for stream in streams {
            self.transmission.queue.endReset(of: stream, performed: isPerformed)
        }
        self.events.append(event)
    }

    /// Streams of one request; more are asked for afterwards.
    private static let maximumStreams = 128
    /// Bytes of a RE-CONFIG chunk with a response.
    private static let answerSize = 16
    /// Bytes of a RE-CONFIG chunk with an outgoing reset, without its streams.
    private static let requestSize = 20
}
