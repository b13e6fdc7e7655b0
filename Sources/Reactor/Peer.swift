// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DTLS
package import DataChannels
package import ICE
package import Peering
package import SDP
package import Wire

extension PeerConnection: DatagramCore {}

/// A peer connection with sockets under it: the actor that lives on the reactor's thread.
///
/// Events come in batches through `events`, one batch a turn of the loop. `send` waits while much is buffered, so that a sender
/// that awaits it needs no bounds of its own.
package actor Peer {
    /// What a peer is made with.
    package struct Configuration: Sendable {
        /// STUN servers to ask; none is fine.
        package var stunServers: [ServerAddress] = []
        /// Which addresses of this host are used.
        package var selection = AddressSelection()
        /// The largest message taken from the other side, in bytes.
        package var maxMessageSize: UInt32 = 262_144

        /// Creates a configuration.
        package init() {}
    }

    /// Bytes that a channel buffers before `send` waits.
    package static let highWaterMark = 4 << 20
    /// Bytes at which waiting senders go on.
    package static let lowWaterMark = 1 << 20
    /// How long an unanswered name server may hold a STUN server back.
    private static let resolutionLimit = Duration.seconds(10)

    /// What happened, a batch a turn; ends after `.closed`.
    package nonisolated let events: AsyncStream<[PeerEvent]>
    package nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private nonisolated let loop: EventLoop
    private let configuration: Configuration
    private let certificate: DTLSCertificate
    private let continuation: AsyncStream<[PeerEvent]>.Continuation
    private var driver: PeerDriver<PeerConnection>?
    private var waiting: [ChannelID: [CheckedContinuation<Void, Never>]] = [:]

    /// Creates a peer on a loop.
    ///
    /// - Throws: `DTLSError` when no certificate can be made.
    package init(_ configuration: Configuration, on loop: EventLoop) throws(DTLSError) {
        self.configuration = configuration
        self.loop = loop
        self.certificate = try DTLSCertificate()
        (self.events, self.continuation) = AsyncStream.makeStream(of: [PeerEvent].self)
    }

    /// The fingerprint of this side's certificate.
    package nonisolated var fingerprint: Fingerprint { self.certificate.fingerprint }
}
