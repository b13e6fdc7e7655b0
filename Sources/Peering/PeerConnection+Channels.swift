// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DataChannels
import SCTP
package import Wire

extension PeerConnection {
    /// Opens a data channel; before the connection is established it waits.
    ///
    /// - Throws: `.nameTooLong`, `.streamUnavailable` or `.tooManyChannels`.
    package mutating func openChannel(
        _ parameters: DataChannelParameters,
        at now: Instant
    ) throws(DataChannelError) -> DataChannelID {
        let channel = try self.channels.open(parameters, on: &self.association, at: now)
        self.pump(at: now)
        return channel
    }

    /// Sends a message on an open channel.
    ///
    /// - Throws: `.noSuchChannel`, `.notOpen`, `.messageTooLarge` or `.refusedByTransport`.
    package mutating func send(
        _ bytes: [UInt8],
        as kind: DataChannelMessageKind,
        on channel: DataChannelID,
        at now: Instant
    ) throws(DataChannelError) {
        try self.channels.send(bytes, as: kind, over: channel, on: &self.association, at: now)
    }

    /// Closes a channel; what was sent on it still arrives.
    package mutating func closeChannel(_ channel: DataChannelID, at now: Instant) {
        self.channels.close(channel, on: &self.association, at: now)
        self.pump(at: now)
    }

    /// Bytes of a channel that wait to be sent or acknowledged.
    package func bufferedAmount(of channel: DataChannelID) -> Int {
        self.channels.bufferedAmount(of: channel, on: self.association)
    }

    /// Sets at how many waiting bytes `.bufferedAmountLow` is told; 0 at first.
    package mutating func setBufferedAmountLowThreshold(_ bytes: Int, of channel: DataChannelID) {
        self.channels.setLowThreshold(bytes, of: channel)
    }

    /// What a channel was opened with; nil if there is no such channel.
    package func parameters(of channel: DataChannelID) -> DataChannelParameters? {
        self.channels.parameters(of: channel)
    }

    /// The SCTP stream of a channel; nil before it is known.
    package func stream(of channel: DataChannelID) -> UInt16? { self.channels.stream(of: channel)?.rawValue }

    /// The largest message that the other side takes, in bytes; nil while it is not known.
    package var remoteMaxMessageSize: UInt32? {
        guard case .paired(let remote) = self.signaling else { return nil }
        return remote.maxMessageSize
    }
}
