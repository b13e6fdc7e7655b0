// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct PathMatrixTests {
    /// So many seeds stand in one test case.
    private static let chunk: UInt64 = 100
    /// Seeds in all: ten thousand, ten times as many under `CI_LONG=1`, few in a debug build; one with `ICETALK_SEED`.
    private static var seeds: Range<UInt64> {
        if let seed = getenv("ICETALK_SEED").flatMap({ UInt64(String(cString: $0)) }) { return seed..<seed + 1 }
        #if DEBUG
        return 0..<200
        #else
        return 0..<(getenv("CI_LONG") == nil ? 10_000 : 100_000)
        #endif
    }

    @Test(arguments: stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(chunk)).map { $0 })
    func `wherever a path exists the best one is found, at the RFC's pace`(first: UInt64) {
        for seed in first..<min(first + Self.chunk, Self.seeds.upperBound) {
            do {
                let digest = try PathScenario(seed: seed).run()
                guard seed % 16 == 0 else { continue }
                #expect(try PathScenario(seed: seed).run() == digest, "ICETALK_SEED=\(seed) gives two different traces")
            } catch {
                Issue.record("\(error)")
            }
        }
    }
}
