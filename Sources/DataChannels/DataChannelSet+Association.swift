// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import SCTP
package import Wire

extension Association: ChannelTransport {}

extension DataChannelSet {
    /// Takes in what happened to the association.
    ///
    /// All messages of the association are to be taken in before its events: the reset of a stream comes after what was sent
    /// on it, and an end after everything.
    package mutating func handle(_ event: Association.Event, on association: inout Association, at now: Instant) {
        switch event {
        case .established: self.transportReady(on: &association, at: now)
        case .restarted: self.transportRestarted()
        case .incomingStreamsReset(let streams): self.incomingStreamsReset(streams, on: &association, at: now)
        case .outgoingStreamsReset(let streams): self.outgoingStreamsReset(streams)
        case .outgoingResetDenied(let streams): self.outgoingResetDenied(streams)
        case .messageAbandoned: break
        case .shutdownComplete, .aborted: self.transportEnded()
        }
    }
}
