// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Wire

/// ClientHellos that came before the other side's description was known, kept unprocessed.
///
/// A peer that learned our description first may finish its checks and start DTLS before ours is complete. Anyone who
/// saw an invitation can send here, so both the sources and the bytes of each are bounded.
struct EarlyHandshakes {
    /// Sources that are remembered; further ones are ignored.
    static let maximumSources = 64
    /// Datagrams kept for a source: a ClientHello with a post-quantum key share spans two.
    static let maximumDatagrams = 3
    /// Bytes of a datagram; longer ones are no ClientHello.
    static let maximumBytes = 2048

    private var datagrams: [Path: [[UInt8]]] = [:]
    private var order: [Path] = []

    /// Keeps a datagram if it may be a part of a ClientHello and there is room for it.
    mutating func keep(_ datagram: Span<UInt8>, on path: Path) {
        guard datagram.count <= Self.maximumBytes, datagram.count > 13, datagram[0] == 22 else { return }
        var kept = self.datagrams[path] ?? []
        // A client that has waited too long begins anew: what it said before would be answered in vain.
        if let random = DTLSClassifier.clientRandom(of: datagram), let first = kept.first,
            DTLSClassifier.clientRandom(of: first.span) != random
        {
            kept = []
            self.forget(path)
        }
        guard kept.count < Self.maximumDatagrams, !kept.isEmpty || self.datagrams.count < Self.maximumSources else {
            return
        }
        if kept.isEmpty { self.order.append(path) }
        kept.append([UInt8](copying: datagram))
        self.datagrams[path] = kept
    }

    /// Whether nothing was kept.
    var isEmpty: Bool { self.datagrams.isEmpty }

    /// Where something was kept, in the order of coming.
    var paths: [Path] { self.order }

    /// Takes what was kept for a path.
    mutating func take(_ path: Path) -> [[UInt8]] {
        let kept = self.datagrams[path] ?? []
        self.forget(path)
        return kept
    }

    private mutating func forget(_ path: Path) {
        self.order.removeAll { $0 == path }
        self.datagrams.removeValue(forKey: path)
    }

    /// Forgets everything.
    mutating func removeAll() {
        self.datagrams = [:]
        self.order = []
    }
}
