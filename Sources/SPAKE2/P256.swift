// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A number below the order of P-256, in OpenSSL's keeping.
///
/// It is made and consumed within one call; what outlives a call is bytes.
final class Scalar {
    /// How many bytes it is written in.
    static let count = 32

    let number: OpaquePointer

    private init() throws(SPAKE2Error) {
        guard let number = BN_secure_new() else { throw .library("BN_secure_new") }
        BN_set_flags(number, BN_FLG_CONSTTIME)
        self.number = number
    }

    deinit {
        BN_clear_free(self.number)
    }

    /// Takes any bytes as a number in network order, reduced by the order.
    convenience init(reducing bytes: [UInt8], in group: P256) throws(SPAKE2Error) {
        try self.init()
        guard let context = BN_CTX_secure_new() else { throw .library("BN_CTX_secure_new") }
        defer { BN_CTX_free(context) }
        guard let wide = BN_bin2bn(bytes, Int32(bytes.count), nil) else { throw .library("BN_bin2bn") }
        defer { BN_clear_free(wide) }
        guard BN_div(nil, self.number, wide, group.order, context) == 1 else { throw .library("BN_div") }
    }

    /// The number that gives zero with this one.
    func negated(in group: P256) throws(SPAKE2Error) -> Scalar {
        let result = try Scalar()
        guard BN_is_zero(self.number) == 0 else { return result }
        guard BN_sub(result.number, group.order, self.number) == 1 else { throw .library("BN_sub") }
        return result
    }

    /// Whether it is nought, by which nothing may be multiplied.
    var isZero: Bool { BN_is_zero(self.number) == 1 }

    /// The number in 32 bytes, in network order.
    func bytes() throws(SPAKE2Error) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.count)
        guard BN_bn2binpad(self.number, &bytes, Int32(bytes.count)) == Self.count else {
            throw .library("BN_bn2binpad")
        }
        return bytes
    }
}

/// A point of P-256, in OpenSSL's keeping.
final class Point {
    /// How many bytes an uncompressed point is written in (SEC 1 §2.3.3).
    static let count = 65
    /// The mark of an uncompressed point.
    static let uncompressedPrefix: UInt8 = 4

    let point: OpaquePointer

    fileprivate init(in group: P256) throws(SPAKE2Error) {
        guard let point = EC_POINT_new(group.group) else { throw .library("EC_POINT_new") }
        self.point = point
    }

    deinit {
        EC_POINT_clear_free(self.point)
    }
}

/// The group of RFC 9382 §6 for P-256, with its M and N; the cofactor is 1.
final class P256 {
    let group: OpaquePointer
    let order: OpaquePointer

    /// RFC 9382 §6: nobody knows the discrete logarithms of M and N.
    private static let m: [UInt8] = [
        0x02, 0x88, 0x6E, 0x2F, 0x97, 0xAC, 0xE4, 0x6E, 0x55, 0xBA, 0x9D, 0xD7, 0x24, 0x25, 0x79, 0xF2, 0x99,
        0x3B, 0x64, 0xE1, 0x6E, 0xF3, 0xDC, 0xAB, 0x95, 0xAF, 0xD4, 0x97, 0x33, 0x3D, 0x8F, 0xA1, 0x2F,
    ]
    private static let n: [UInt8] = [
        0x03, 0xD8, 0xBB, 0xD6, 0xC6, 0x39, 0xC6, 0x29, 0x37, 0xB0, 0x4D, 0x99, 0x7F, 0x38, 0xC3, 0x77, 0x07,
        0x19, 0xC6, 0x29, 0xD7, 0x01, 0x4D, 0x49, 0xA2, 0x4B, 0x4F, 0x98, 0xBA, 0xA1, 0x29, 0x2B, 0x49,
    ]

    init() throws(SPAKE2Error) {
        // Errors that earlier calls left on this thread's stack, and those of refused points, are nobody else's.
        ERR_clear_error()
        guard let group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1) else { throw .library("EC_GROUP_new") }
        guard let order = EC_GROUP_get0_order(group) else {
            EC_GROUP_free(group)
            throw .library("EC_GROUP_get0_order")
        }
        self.group = group
        self.order = order
    }

    deinit {
        EC_GROUP_free(self.group)
        ERR_clear_error()
    }

    /// The point with which the share of a role is blinded.
    func blind(of role: SPAKE2Role) throws(SPAKE2Error) -> Point {
        let bytes = role == .a ? Self.m : Self.n
        return try self.decode(bytes)
    }

    /// `generator · G + factor · point`, where either product may be left out; each is computed in constant time.
    func sum(generator: Scalar?, _ point: Point, times factor: Scalar) throws(SPAKE2Error) -> Point {
        let product = try Point(in: self)
        guard EC_POINT_mul(self.group, product.point, nil, point.point, factor.number, nil) == 1 else {
            throw .library("EC_POINT_mul")
        }
        guard let generator else { return product }
        let base = try Point(in: self)
        guard EC_POINT_mul(self.group, base.point, generator.number, nil, nil, nil) == 1 else {
            throw .library("EC_POINT_mul")
        }
        return try self.sum(base, product)
    }

    /// The sum of two points.
    func sum(_ left: Point, _ right: Point) throws(SPAKE2Error) -> Point {
        let result = try Point(in: self)
        guard EC_POINT_add(self.group, result.point, left.point, right.point, nil) == 1 else {
            throw .library("EC_POINT_add")
        }
        return result
    }

    /// Whether it is the identity, the only point of small order where the cofactor is 1.
    func isIdentity(_ point: Point) -> Bool { EC_POINT_is_at_infinity(self.group, point.point) == 1 }

    /// A share as the peer sent it.
    func share(_ bytes: [UInt8]) throws(SPAKE2Error) -> Point {
        guard bytes.count == Point.count else { throw .shareLength(bytes.count) }
        guard bytes[0] == Point.uncompressedPrefix else { throw .sharePrefix(bytes[0]) }
        let point = try self.decode(bytes)
        guard !self.isIdentity(point) else { throw .identity }
        return point
    }

    private func decode(_ bytes: [UInt8]) throws(SPAKE2Error) -> Point {
        let point = try Point(in: self)
        // It refuses what is not on the curve, and coordinates that are not below the prime.
        guard EC_POINT_oct2point(self.group, point.point, bytes, bytes.count, nil) == 1,
            EC_POINT_is_on_curve(self.group, point.point, nil) == 1
        else { throw .notOnCurve }
        return point
    }

    /// A point in 65 bytes.
    func encode(_ point: Point) throws(SPAKE2Error) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Point.count)
        let count = EC_POINT_point2oct(
            self.group,
            point.point,
            POINT_CONVERSION_UNCOMPRESSED,
            &bytes,
            bytes.count,
            nil
        )
        guard count == Point.count else { throw .identity }
        return bytes
    }
}
