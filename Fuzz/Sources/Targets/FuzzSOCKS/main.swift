// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SOCKS
import Wire

// However the bytes of a proxy arrive, the handshake comes to the same end, and takes none that are not the proxy's.
fuzz { bytes in
    var input = FuzzInput(bytes)
    let hasCredentials = input.flag()
    let step = 1 + Int(input.u8())
    let stream = input.rest()
    requireEqual(
        outcome(of: stream, in: step, hasCredentials),
        outcome(of: stream, in: max(stream.count, 1), hasCredentials)
    )
}

/// What became of a handshake.
private struct Outcome: Equatable {
    var taken = 0
    var sent: [UInt8] = []
    var isDone = false
    var error: SOCKSError?
}

private func outcome(of stream: [UInt8], in step: Int, _ hasCredentials: Bool) -> Outcome {
    let credentials = hasCredentials ? SOCKSCredentials(username: "ann", password: "secret") : nil
    guard var handshake = SOCKSHandshake(to: .name("relay.example"), port: 443, as: credentials) else {
        fail("the name has a place in a request")
    }
    var outcome = Outcome()
    var start = 0
    while start < stream.count, !handshake.isDone, outcome.error == nil {
        let piece = Array(stream[start..<min(start + step, stream.count)])
        do throws(SOCKSError) {
            outcome.taken += try handshake.receive(piece.span)
        } catch {
            outcome.error = error
        }
        handshake.takeOutgoing(into: &outcome.sent)
        start += step
    }
    if outcome.error != nil { outcome.taken = 0 }
    outcome.isDone = handshake.isDone
    return outcome
}
