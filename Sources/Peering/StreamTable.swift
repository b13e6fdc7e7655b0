// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Wire

/// The streams that a peer wants of its driver: names them and keeps the wishes until they are polled.
final class StreamTable {
    private var requests: Deque<StreamRequest> = []
    private var lastNumber: UInt64 = 0

    /// Asks for a stream and names it.
    func open(from local: SocketAddress, to remote: SocketAddress, secureFor server: ServerName? = nil) -> ByteStreamID
    {
        let id = self.name()
        self.requests.append(.open(id, from: local, to: remote, secureFor: server))
        return id
    }

    /// Names a stream that came in.
    func name() -> ByteStreamID {
        self.lastNumber += 1
        return ByteStreamID(number: self.lastNumber)
    }

    /// Asks for the end of a stream.
    func close(_ id: ByteStreamID) {
        self.requests.append(.close(id))
    }

    /// The next wish.
    func pollRequest() -> StreamRequest? { self.requests.popFirst() }
}
