// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Names a byte stream between a core and its driver; the core chooses the names and uses each once.
public struct ByteStreamID: Hashable, Sendable {
    /// Counts up.
    public let number: UInt64

    /// Creates a name.
    public init(number: UInt64) {
        self.number = number
    }
}

/// A server as its certificate names it.
public enum ServerName: Hashable, Sendable {
    /// A DNS name.
    case name(String)
    /// An address.
    case address(IPAddress)
}

/// What a core wants of its driver where streams are concerned.
public enum StreamRequest: Hashable, Sendable {
    /// Opens a TCP connection from an address of this host (port 0: the kernel chooses); with a server name, TLS over it.
    case open(ByteStreamID, from: SocketAddress, to: SocketAddress, secureFor: ServerName?)
    /// Closes a stream; nothing is told of it any more.
    case close(ByteStreamID)
}

/// What becomes of a stream.
public enum StreamEvent: Hashable, Sendable {
    /// Bytes can be exchanged.
    case opened
    /// It could not be opened, or has ended; the name is not used any more.
    case failed(StreamFailure)
}

/// Why a stream could not be opened, or has ended.
public enum StreamFailure: Error, Hashable, Sendable {
    /// Nobody listens there.
    case refused
    /// No way to that host or network.
    case unreachable
    /// A firewall forbids it.
    case prohibited
    /// No answer in time.
    case timedOut
    /// The other side closed it.
    case ended
    /// The other side, or something in between, broke it off.
    case reset
    /// The local address is gone, or cannot reach such a destination.
    case badSource
    /// The certificate of the server is not good; the text says why.
    case certificate(String)
    /// TLS failed otherwise; the text says how.
    case insecure(String)
    /// Anything else; the text is the system's.
    case other(String)
}

extension StreamFailure: CustomStringConvertible {
    /// What is wrong with the other side, as the rest of a sentence.
    public var description: String {
        switch self {
        case .refused: "it refuses connections"
        case .unreachable: "there is no way to it"
        case .prohibited: "a firewall forbids it"
        case .timedOut: "it does not answer"
        case .ended: "it closed the connection"
        case .reset: "the connection was broken off"
        case .badSource: "it cannot be reached from the local address"
        case .certificate(let problem): "its certificate \(problem)"
        case .insecure(let problem): "no secure connection: \(problem)"
        case .other(let text): text
        }
    }
}
