// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct SeedTests {
    /// So many seeds stand in one test case.
    private static let chunk: UInt64 = 25
    /// Seeds in all: a thousand, twenty times as many under `CI_LONG=1`.
    private static let seeds: UInt64 = getenv("CI_LONG").map { _ in 20_000 } ?? 1_000

    @Test(arguments: stride(from: 0, to: seeds, by: Int(chunk)).map { $0 })
    func `whatever the links do, all data arrives and both sides hear of the end`(first: UInt64) {
        for seed in first..<first + Self.chunk {
            do {
                _ = try SeedScenario(seed: seed).run()
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    @Test(arguments: [0, 7, 8, 123, 4_711] as [UInt64])
    func `two runs of one seed give equal packets, another seed gives others`(seed: UInt64) throws {
        let first = try SeedScenario(seed: seed).run()
        #expect(try SeedScenario(seed: seed).run() == first)
        #expect(try SeedScenario(seed: seed + 1).run() != first)
    }
}
