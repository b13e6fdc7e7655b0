// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import SCTP

/// What the harness asks for, one line each.
struct Command: Decodable {
    /// The word that names a command.
    enum Verb: String, Decodable {
        /// Make an offer.
        case offer
        /// Take the offer `sdp` and answer it.
        case answer
        /// Take the answer `sdp`.
        case accept
        /// Take a trickled candidate.
        case candidate
        /// The other side has no more candidates.
        case endOfCandidates = "end-of-candidates"
        /// Tell this side's candidates.
        case candidates
        /// Open a channel.
        case open
        /// Close a channel.
        case close
        /// End the connection.
        case end
    }

    /// What to do.
    var verb: Verb
    /// The other side's description.
    var sdp: String?
    /// Whether this side's description leaves its candidates to `candidates`.
    var trickle: Bool?
    /// The value of a candidate line.
    var candidate: String?
    /// The channel to close, as it was reported.
    var channel: UInt32?
    /// What the new channel is called.
    var label: String?
    /// What is sent on it first, before it is open.
    var text: String?
    /// Whether its messages keep their order.
    var ordered: Bool?
    /// How often a message is sent again.
    var maxRetransmits: UInt32?
    /// How long a message is tried, in milliseconds.
    var maxPacketLifeTime: UInt32?
    /// Whether the other side opens the same stream by agreement.
    var negotiated: Bool?
    /// The stream of a negotiated channel.
    var id: UInt16?

    private enum CodingKeys: String, CodingKey {
        case verb = "do"
        case sdp, trickle, candidate, channel, label, text, ordered, maxRetransmits, maxPacketLifeTime, negotiated, id
    }

    /// The channel that `open` asks for, in the words of a browser.
    var parameters: DataChannelParameters {
        var parameters = DataChannelParameters(label: self.label ?? "", isOrdered: self.ordered ?? true)
        if let maxRetransmits {
            parameters.reliability = .retransmits(maxRetransmits)
        } else if let maxPacketLifeTime {
            parameters.reliability = .lifetime(.milliseconds(maxPacketLifeTime))
        }
        if self.negotiated == true {
            parameters.negotiatedStream = self.id.map(StreamID.init)
        }
        return parameters
    }
}
