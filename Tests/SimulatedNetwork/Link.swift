// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// What a path through the simulated Internet does to datagrams, the same in both directions.
package struct Link: Sendable {
    /// One-way delay.
    package var delay: Duration
    /// Added to the delay at random, evenly between nothing and this; datagrams stay in order unless `reordering` says
    /// otherwise.
    package var jitter: Duration
    /// The share of datagrams that are lost, 0 to 1.
    package var loss: Double
    /// The share of datagrams that arrive twice, 0 to 1.
    package var duplication: Double
    /// The share of datagrams that are held back by up to three delays, 0 to 1.
    package var reordering: Double
    /// Bits a second; nil means no limit.
    package var rate: UInt64?
    /// Bytes that wait for the rate; further ones are dropped.
    package var queue: Int
    /// The largest IP payload (UDP header and datagram) that passes; longer ones are dropped.
    package var mtu: Int

    /// Creates a link; without arguments a clean one of 10 ms.
    package init(
        delay: Duration = .milliseconds(10),
        jitter: Duration = .zero,
        loss: Double = 0,
        duplication: Double = 0,
        reordering: Double = 0,
        rate: UInt64? = nil,
        queue: Int = 1 << 20,
        mtu: Int = 1500
    ) {
        self.delay = delay
        self.jitter = jitter
        self.loss = loss
        self.duplication = duplication
        self.reordering = reordering
        self.rate = rate
        self.queue = queue
        self.mtu = mtu
    }
}
