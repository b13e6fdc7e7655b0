// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// How two sides find each other in a mailbox server.
package enum MeetingWay: Sendable {
    /// This side makes the code: the server chooses the nameplate, this side so many words.
    case newCode(words: Int)
    /// This side makes the code, and its user chose it.
    case chosenCode(Code)
    /// The other side made the code.
    case code(Code)
    /// Both sides share a secret, and agree which of them is the first.
    case secret(RendezvousSecret, isFirst: Bool)
}
