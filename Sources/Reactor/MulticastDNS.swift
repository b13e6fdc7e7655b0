// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import MDNS
package import Wire

/// Multicast DNS on the interfaces that are in use: asks for names under `local`, and hides this host's addresses behind
/// such names.
///
/// Nothing is opened or sent before something is asked for or hidden. It belongs to the thread of its loop. What the
/// system refuses costs the interface concerned, and an address that cannot be hidden well is hidden all the same.
package final class MulticastDNS {
    /// An interface with its sockets, one for each family of its addresses.
    private struct Link {
        var addresses: Set<IPAddress> = []
        var sockets: [UDPSocket] = []
        var responder = MDNSResponder()
    }

    /// Takes what became of a name: an address, of which there may be several, or nil when there is none.
    ///
    /// It is never called within a call of this object.
    package var onResult: ((String, IPAddress?) -> Void)?

    private let loop: EventLoop
    private var random: RandomSource
    private var links: [UInt32: Link] = [:]
    private var resolver = MDNSResolver()
    private var isOpen = false
    private var timer: LoopTimer?
    private let buffer = ReceiveBuffer()

    /// Creates one without interfaces.
    package init(on loop: EventLoop, random: RandomSource = .system) {
        self.loop = loop
        self.random = random
        self.timer = loop.makeTimer { [weak self] now in self?.timeout(at: now) }
    }

    /// Whether anything can be asked or answered: opens the sockets if there are none yet.
    package var isUsable: Bool {
        self.open()
        return self.links.values.contains { !$0.sockets.isEmpty }
    }

    /// Uses the interface of an address from now on, for its family.
    package func add(_ address: IPAddress, onInterface index: UInt32) {
        self.links[index, default: Link()].addresses.insert(address)
        if self.isOpen { self.open(index) }
    }

    /// Takes the name of an address back, and leaves its interface with the last address of the family.
    package func remove(_ address: IPAddress) {
        guard let index = self.interface(of: address) else { return }
        self.links[index]?.addresses.remove(address)
        self.links[index]?.responder.withdraw(address)
        self.send()
        self.closeSockets(of: index) { socket, addresses in
            !addresses.contains { $0.isIPv4 == socket.localAddress.ip.isIPv4 }
        }
        if self.links[index]?.addresses.isEmpty == true { self.links[index] = nil }
    }

    /// Gives an address that was added a fresh name, and answers for it from now on.
    package func hide(_ address: IPAddress) -> String {
        self.open()
        let name = DNSName(hidingBehind: UUIDv4(random: &self.random))
        guard let index = self.interface(of: address) else { return name.description }
        self.links[index]?.responder.publish(address, as: name, at: self.loop.now())
        self.send()
        return name.description
    }

    /// Asks for the addresses of a name, which `onResult` is told of.
    package func resolve(_ text: String) {
        self.open()
        guard let name = DNSName(text) else { return }
        let now = self.loop.now()
        self.resolver.search(for: name, at: now)
        self.timer?.arm(at: now)
    }

    /// Takes all names back and closes the sockets.
    package func close() {
        self.onResult = nil
        for index in self.links.keys { self.links[index]?.responder.withdrawAll() }
        self.send()
        for index in self.links.keys { self.closeSockets(of: index) { _, _ in true } }
        self.links = [:]
        self.timer?.cancel()
    }
}

// MARK: - Sockets

extension MulticastDNS {
    private func interface(of address: IPAddress) -> UInt32? {
        self.links.first { $0.value.addresses.contains(address) }?.key
    }

    private func open() {
        guard !self.isOpen else { return }
        self.isOpen = true
        for index in self.links.keys { self.open(index) }
    }

    /// Opens what is missing on an interface.
    private func open(_ index: UInt32) {
        guard let link = self.links[index] else { return }
        for group in [MDNSGroup.ipv4, MDNSGroup.ipv6] {
            guard link.addresses.contains(where: { $0.isIPv4 == group.ip.isIPv4 }),
                !link.sockets.contains(where: { $0.localAddress == group }),
                let socket = try? UDPSocket(joining: group, onInterface: index),
                (try? self.watch(socket, onInterface: index)) != nil
            else { continue }
            self.links[index]?.sockets.append(socket)
        }
    }

    private func watch(_ socket: UDPSocket, onInterface index: UInt32) throws(SystemError) {
        try self.loop.watch(socket.descriptor, for: .readable) { [weak self] _ in
            self?.drain(socket, onInterface: index)
        }
    }

    private func closeSockets(of index: UInt32, where isOver: (UDPSocket, Set<IPAddress>) -> Bool) {
        guard let link = self.links[index] else { return }
        for socket in link.sockets where isOver(socket, link.addresses) {
            self.loop.unwatch(socket.descriptor)
            self.links[index]?.sockets.removeAll { $0 === socket }
        }
    }

    private func drain(_ socket: UDPSocket, onInterface index: UInt32) {
        let now = self.loop.now()
        for _ in 0..<readsPerTurn {
            let reception = socket.receive(into: self.buffer) { bytes, source in
                guard let message = DNSMessage(bytes) else { return }
                self.resolver.handle(message, from: source)
                self.links[index]?.responder.handle(message, from: source, at: now)
            }
            guard reception != .empty else { break }
        }
        self.send()
        self.tell()
    }
}

// MARK: - What is due

extension MulticastDNS {
    private func timeout(at now: Instant) {
        self.resolver.handleTimeout(at: now)
        self.send()
        self.tell()
    }

    /// Sends what there is to send, and sets the timer.
    private func send() {
        let now = self.loop.now()
        while let query = self.resolver.pollTransmit() {
            for link in self.links.values { Self.send(query, to: nil, on: link.sockets) }
        }
        var next = self.resolver.nextTimeout
        for index in self.links.keys {
            while let transmit = self.links[index]?.responder.pollTransmit(at: now) {
                Self.send(transmit.bytes, to: transmit.destination, on: self.links[index]?.sockets ?? [])
            }
            next = earliest(next, self.links[index]?.responder.nextTimeout)
        }
        self.timer?.arm(at: next)
    }

    /// Tells what was found.
    private func tell() {
        while let event = self.resolver.pollEvent() {
            switch event {
            case .found(let name, let ip): self.onResult?(name.description, ip)
            case .notFound(let name): self.onResult?(name.description, nil)
            }
        }
    }

    /// Sends to one address, or to the groups; what is lost is asked for or told again.
    private static func send(_ bytes: [UInt8], to destination: SocketAddress?, on sockets: [UDPSocket]) {
        for socket in sockets where destination.map({ $0.ip.isIPv4 == socket.localAddress.ip.isIPv4 }) ?? true {
            _ = socket.send(bytes.span, segmentSize: bytes.count, to: destination ?? socket.localAddress)
        }
    }
}

extension UDPSocket {
    /// A socket for what arrives on one interface for a multicast group, and for sending to it there.
    convenience init(joining group: SocketAddress, onInterface index: UInt32) throws(SystemError) {
        var address = group.linux
        let descriptor = clinux_udp_join(&address, index)
        guard descriptor >= 0 else { throw SystemError(.bind, code: -descriptor) }
        var options = Options()
        options.segments = false
        options.coalesces = false
        options.reportsErrors = false
        options.bufferSize = 64 << 10
        self.init(owning: descriptor, at: group, options: options)
    }
}

/// How many times a ready socket is read in a turn.
private let readsPerTurn = 16
