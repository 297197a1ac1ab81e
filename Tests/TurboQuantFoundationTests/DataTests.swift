import Foundation
import Testing
import TurboQuant
import TurboQuantFoundation
import TurboQuantIndex

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
