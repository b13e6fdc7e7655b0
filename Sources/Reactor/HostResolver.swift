// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
package import Wire

/// Looks names up without ever holding anything up.
///
/// The system's resolver blocks, for half a minute where no server answers; so it runs on threads of its own, few and
/// never waited for. Whoever asks gets an answer by a deadline. Requests for one name share a lookup.
package actor HostResolver {
    /// Asks for the addresses of a host, and may block.
    package typealias Lookup = @Sendable (_ host: String) -> Result<[IPAddress], ResolutionFailure>

    /// The executor: the event loop.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private struct Request {
        let host: String
        let deadline: Instant
        let continuation: CheckedContinuation<Result<[IPAddress], ResolutionFailure>, Never>
    }

    private nonisolated let loop: EventLoop
    private let lookup: Lookup
    private var requests: [UInt64: Request] = [:]
    private var nextIdentifier: UInt64 = 0
    /// Names whose turn has not come.
    private var waiting: [String] = []
    /// Names that a thread is looking up, also when nobody waits for them any more.
    private var running: Set<String> = []
    private var timer: LoopTimer?

    /// How many lookups run at a time.
    package static let threadLimit = 4
    /// How many requests wait at a time.
    package static let requestLimit = 64
    /// How many addresses of a host are used.
    package static let addressLimit = 16

    /// Creates a resolver whose results arrive on `loop`; `lookup` is the system's unless a test has another.
    package init(on loop: EventLoop, lookup: @escaping Lookup = HostResolver.systemLookup) {
        self.loop = loop
        self.lookup = lookup
    }

    /// The addresses of a server, in the order in which they should be tried; at once if it was given as an address.
    package func resolve(
        _ server: ServerAddress,
        defaultPort: UInt16,
        within limit: Duration
    ) async throws(ResolutionFailure) -> [SocketAddress] {
        let port = server.port ?? defaultPort
        switch server.host {
        case .address(let ip):
            return [SocketAddress(ip, port: port)]
        case .name(let name):
            let addresses = try await self.addresses(of: name, by: self.loop.now() + limit).get()
            return addresses.map { SocketAddress($0, port: port) }
        }
    }

    private func addresses(of host: String, by deadline: Instant) async -> Result<[IPAddress], ResolutionFailure> {
        guard self.requests.count < Self.requestLimit else { return .failure(.tooManyRequests) }
        let identifier = self.nextIdentifier
        self.nextIdentifier &+= 1
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let request = Request(host: host, deadline: deadline, continuation: continuation)
                self.add(request, identifier: identifier)
            }
        } onCancel: {
            Task { await self.end(identifier, with: .failure(.cancelled)) }
        }
    }

    private func add(_ request: Request, identifier: UInt64) {
        guard !Task.isCancelled else {
            request.continuation.resume(returning: .failure(.cancelled))
            return
        }
        self.requests[identifier] = request
        if !self.running.contains(request.host), !self.waiting.contains(request.host) {
            self.waiting.append(request.host)
        }
        self.startLookups()
        self.armTimer()
    }

    private func startLookups() {
        while self.running.count < Self.threadLimit, !self.waiting.isEmpty {
            let host = self.waiting.removeFirst()
            let errand = Errand(host: host, resolver: self, lookup: self.lookup)
            if errand.start() {
                self.running.insert(host)
            } else {
                self.endAll(for: host, with: .failure(.failed))
            }
        }
    }

    fileprivate func finish(_ host: String, _ result: Result<[IPAddress], ResolutionFailure>) {
        self.running.remove(host)
        self.endAll(for: host, with: result.map(Self.distinct))
        self.startLookups()
        self.armTimer()
    }

    private func endAll(for host: String, with result: Result<[IPAddress], ResolutionFailure>) {
        for (identifier, request) in self.requests where request.host == host {
            self.end(identifier, with: result)
        }
    }

    private func end(_ identifier: UInt64, with result: Result<[IPAddress], ResolutionFailure>) {
        guard let request = self.requests.removeValue(forKey: identifier) else { return }
        request.continuation.resume(returning: result)
        if !self.requests.values.contains(where: { $0.host == request.host }) {
            self.waiting.removeAll { $0 == request.host }
        }
    }

    private func armTimer() {
        let timer = self.timer ?? self.loop.makeTimer { [weak self] now in self?.assumeIsolated { $0.expire(at: now) } }
        self.timer = timer
        timer.arm(at: self.requests.values.map(\.deadline).min())
    }

    private func expire(at now: Instant) {
        for (identifier, request) in self.requests where request.deadline <= now {
            self.end(identifier, with: .failure(.timedOut))
        }
        self.armTimer()
    }

    private static func distinct(_ addresses: [IPAddress]) -> [IPAddress] {
        var seen: Set<IPAddress> = []
        return Array(addresses.filter { seen.insert($0).inserted }.prefix(Self.addressLimit))
    }
}

extension HostResolver {
    /// Asks the system (`getaddrinfo`), which also sorts (RFC 6724).
    package static let systemLookup: Lookup = { host in
        // Each address may come twice, before it is known that it does.
        var addresses = [clinux_address](repeating: clinux_address(), count: 2 * HostResolver.addressLimit)
        let count = clinux_resolve(host, &addresses, Int32(addresses.count))
        switch Int(count) {
        case CLINUX_RESOLVE_NOT_FOUND: return .failure(.notFound)
        case CLINUX_RESOLVE_TEMPORARY: return .failure(.noAnswer)
        case ...0: return .failure(.failed)
        default: return .success(addresses.prefix(Int(count)).compactMap { SocketAddress($0)?.ip })
        }
    }
}

/// Why a name has no addresses, now or at all.
package enum ResolutionFailure: Error, Hashable, Sendable {
    /// There is no such name, or it has no address.
    case notFound
    /// No name server answered.
    case noAnswer
    /// The system failed otherwise.
    case failed
    /// Nothing was known by the deadline.
    case timedOut
    /// Too many names are asked for at the same time.
    case tooManyRequests
    /// Whoever asked was cancelled.
    case cancelled
}

extension ResolutionFailure: CustomStringConvertible {
    /// For a message to the user.
    package var description: String {
        switch self {
        case .notFound: "no such host"
        case .noAnswer: "no name server answers"
        case .failed: "looking the name up failed"
        case .timedOut: "looking the name up took too long"
        case .tooManyRequests: "too many names at a time"
        case .cancelled: "cancelled"
        }
    }
}

/// One lookup on a thread of its own.
private final class Errand: Sendable {
    private let host: String
    private let resolver: HostResolver
    private let lookup: HostResolver.Lookup

    init(host: String, resolver: HostResolver, lookup: @escaping HostResolver.Lookup) {
        self.host = host
        self.resolver = resolver
        self.lookup = lookup
    }

    /// Whether there could be a thread.
    func start() -> Bool {
        let context = Unmanaged.passRetained(self)
        let result = clinux_thread_start(
            "icetalk-resolve",
            { context in
                guard let context else { return }
                Unmanaged<Errand>.fromOpaque(context).takeRetainedValue().run()
            },
            context.toOpaque()
        )
        if result != 0 {
            context.release()
        }
        return result == 0
    }

    private func run() {
        let result = self.lookup(self.host)
        Task { await self.resolver.finish(self.host, result) }
    }
}
