// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Wire

/// Control chunks that wait for the next packets.
struct ControlQueue: Sendable {
    /// A chunk that goes into a packet of its own, with a tag of its own.
    struct StandalonePacket: Sendable {
        /// The tag of the packet.
        var verificationTag: UInt32
        /// Its only chunk.
        var chunk: [UInt8]
    }

    /// Packets that are not bundled with anything: INIT, INIT ACK, ABORT, SHUTDOWN COMPLETE.
    private(set) var standalone: Deque<StandalonePacket> = []
    /// Information of HEARTBEATs that are to be answered.
    private(set) var heartbeatAnswers: Deque<[UInt8]> = []
    /// Causes that are to be reported.
    private(set) var errors: Deque<ErrorCause> = []
    /// Whether COOKIE ECHO is to be sent.
    var isCookieEchoDue = false
    /// Whether COOKIE ACK is to be sent.
    var isCookieAckDue = false
    /// Whether SHUTDOWN is to be sent.
    var isShutdownDue = false
    /// Whether SHUTDOWN ACK is to be sent.
    var isShutdownAckDue = false
    /// Information of a HEARTBEAT that is to be sent.
    var heartbeat: [UInt8]?

    /// Queues a packet of its own; beyond the limit it is dropped, as the peer asks again.
    mutating func sendStandalone(tag: UInt32, _ write: (inout ByteWriter) -> Void) {
        guard self.standalone.count < Self.maximumStandalone else { return }
        var writer = ByteWriter()
        write(&writer)
        self.standalone.append(StandalonePacket(verificationTag: tag, chunk: writer.bytes))
    }

    /// Takes the next packet of its own.
    mutating func popStandalone() -> StandalonePacket? { self.standalone.popFirst() }

    /// Queues the answer to a HEARTBEAT.
    mutating func answerHeartbeat(_ information: [UInt8]) {
        guard self.heartbeatAnswers.count < Self.maximumAnswers else { return }
        self.heartbeatAnswers.append(information)
    }

    /// Takes the next answer, if it is not larger than `room`.
    mutating func popHeartbeatAnswer(room: Int) -> [UInt8]? {
        guard let first = self.heartbeatAnswers.first, first.count + 8 <= room else { return nil }
        return self.heartbeatAnswers.popFirst()
    }

    /// Queues the report of an error.
    mutating func report(_ cause: ErrorCause) {
        guard self.errors.count < Self.maximumAnswers else { return }
        self.errors.append(cause)
    }

    /// Takes the next report, if it is not larger than `room`.
    mutating func popError(room: Int) -> ErrorCause? {
        guard let first = self.errors.first, first.value.count + 8 <= room else { return nil }
        return self.errors.popFirst()
    }

    /// Forgets everything but the packets of their own.
    mutating func removeBundled() {
        self.heartbeatAnswers = []
        self.errors = []
        self.isCookieEchoDue = false
        self.isCookieAckDue = false
        self.isShutdownDue = false
        self.isShutdownAckDue = false
        self.heartbeat = nil
    }

    /// Forgets everything.
    mutating func removeAll() {
        self.removeBundled()
        self.standalone = []
    }

    private static let maximumStandalone = 8
    private static let maximumAnswers = 8
}
