import Foundation
import Testing
import TurboQuant
import TurboQuantFoundation
import TurboQuantIndex
import TurboQuantKVCache

@Suite struct DataTests {
  @Test("Codes as data are the bytes that they are as an array, and come back the same")
  func codes() throws {
    let codec = try Codec(dimension: 8, rate: .bits(4))
    let codes = try codec.encode(floats(24))
    let data = codes.serializedData
    #expect(Array(data) == codes.serialized)
    #expect(try CodeMatrix(serialized: data, of: codec) == codes)
    // A slice does not begin at index 0.
    #expect(try CodeMatrix(serialized: (Data([1, 2, 3]) + data)[3...], of: codec) == codes)
  }

  @Test("Data of another codec, too short, or not whole rows are refused")
  func refusedCodes() throws {
    let codec = try Codec(dimension: 8, rate: .bits(4))
    let other = try Codec(dimension: 8, rate: .bits(4), seed: 1)
    let data = try other.encode(floats(24)).serializedData
    let own = try codec.encode(floats(24)).serializedData
    #expect(throws: CodecError.self) { try CodeMatrix(serialized: data, of: codec) }
    #expect(throws: CodecError.self) { try CodeMatrix(serialized: Data(), of: codec) }
    #expect(throws: CodecError.self) { try CodeMatrix(serialized: own.dropLast(), of: codec) }
  }

  @Test(
    "Indexes and caches as data are the bytes that they are as an array, and come back the same")
  func indexesAndCaches() throws {
    var index = try VectorIndex(dimension: 8)
    try index.add(floats(24))
    let data = try index.serializedData()
    #expect(try Array(data) == index.serialized())
    // A slice does not begin at index 0.
    let again = try VectorIndex(serialized: (Data([1, 2, 3]) + data)[3...])
    #expect(try again.serializedData() == data)
    #expect(throws: IndexError.self) { try VectorIndex(serialized: data.dropLast()) }

    let shape = KVShape(queryHeads: 1, keyValueHeads: 1, keyDimension: 8)
    let codec = try KVCodec(KVConfiguration(shape: shape, keys: .bits(4), values: .bits(4)))
    var cache = KVCache(codec)
    try cache.append(keys: floats(24), values: floats(24))
    let snapshot = try cache.serializedData()
    #expect(try Array(snapshot) == cache.serialized())
    #expect(try KVCache(serialized: snapshot, codec: codec).serializedData() == snapshot)
    #expect(throws: KVCacheError.self) { try KVCache(serialized: Data(), codec: codec) }
  }

  @Test("Data are tags of bytes, in every place that takes tags")
  func tags() throws {
    let data = [Data([0, 255]), Data([7]), Data()]
    #expect(RowTag(data[0]).bytes == [0, 255])
    #expect(RowTag(data[0]).data == data[0])
    #expect(RowTag("ä").data == Data("ä".utf8))
    var index = try VectorIndex(dimension: 8, tags: .bytes)
    try index.add(floats(24), tags: data)
    #expect(try index.tags().map(\.data) == data)
    #expect(try index.id(ofTag: data[1]) == 1)
    let options = SearchOptions(filter: .tags([data[2]]))
    let hits = try index.search(floats(8), count: 3, options: options)
    #expect(hits.map { $0.map { $0.tag?.data } } == [[data[2]]])
    try index.remove(tags: [data[0]])
    #expect(Set(try index.tags().map(\.data)) == Set(data[1...]))
  }
}
