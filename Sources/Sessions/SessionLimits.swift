// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer

/// The bounds of a session.
package enum SessionLimits {
    /// How many channels of a plain chat the other side may have open; more are closed.
    package static let plainChannels = 16

    /// The weight of events that wait to be shown, in bytes, beyond which nothing more is taken from the network.
    package static let waitingEvents = 4_194_304

    /// What an event weighs beside its text, in bytes.
    package static let eventWeight = 1_024

    /// Bytes of all transfers that wait for the disk, beyond which nothing more is taken from the network.
    ///
    /// More than one window, so that only several slow transfers together, or a peer that ignores the window, hold up chat.
    package static let waitingForDisk = Int(TransferLimits.window) + 8_388_608

    /// What a message that waits for the disk weighs beside its bytes, in bytes.
    static let messageWeight = 128

    /// Bytes that a transfer prepares at once, ahead of what the channel buffers.
    static let batch = 1_048_576

    /// The least time between two progress events of a transfer, in nanoseconds.
    static let progressInterval: UInt64 = 200_000_000

    /// How long an offerer that has something to say waits for a hello, before it says it as a plain chat.
    static let helloPatience = Duration.seconds(1)

    /// How long an offerer waits for a hello when it has nothing to say.
    static let helloLimit = Duration.seconds(5)

    /// How long the word of a cancellation or completion may come after the channel of the transfer was closed.
    static let closingGrace = Duration.seconds(3)

    /// How long the channels may take to close at the end.
    static let farewell = Duration.seconds(3)

    /// How long an interrupted session tries to say bye.
    static let interruption = Duration.seconds(1)

    /// How long a session goes on after the other side refused it.
    static let refusal = Duration.seconds(2)

    /// How long the last packets may take to leave.
    static let lastPackets = Duration.milliseconds(20)
}
