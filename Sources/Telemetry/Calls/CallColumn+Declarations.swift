// SPDX-License-Identifier: Apache-2.0

/// What follows from the columns of calls: their table's, and their tags.
extension CallColumn {
  /// The stored columns. Texts without a column of their own stand in the two of the attributes.
  static let declarations: [ColumnDeclaration] = all.flatMap { column -> [ColumnDeclaration] in
    switch column.form {
    case .attribute: []
    case .attributes:
      [
        .init("attribute_names", .array(.lowCardinalityString), about: "\(column.about) Names."),
        .init("attribute_values", .array(.string), about: "\(column.about) Values."),
      ]
    default:
      [
        .init(
          "\(column.name)", column.form.type,
          codec: column.form == .duration ? .transposed : .general, index: column.index,
          about: "\(column.about)")
      ]
    }
  }

  /// The tags of those that have one. Enumerations with names of their own are declared with these.
  static let tags: [TagDeclaration] = all.compactMap { column in
    column.tag.map { tag in
      let name = "\(column.name)"
      return TagDeclaration(
        tag.aboutSides == nil ? name : String(name.dropLast(2)), tag.kind,
        sides: tag.aboutSides != nil, display: "\(tag.display)", category: "\(tag.category)",
        about: "\(tag.aboutSides ?? column.about)")
    }
  }
}

extension CallColumn.Form {
  /// The type of the stored column.
  fileprivate var type: ColumnType {
    switch self {
    case .flag, .enumeration, .protocolNumber: .uint8
    case .uint32: .uint32
    case .uint64, .duration: .uint64
    case .uint64OrNull: .nullable(.uint64)
    case .int64OrNull: .nullable(.int64)
    case .int32OrNull: .nullable(.int32)
    case .text: .string
    case .repeatedText, .threadName: .lowCardinalityString
    case .attribute, .attributes: .array(.string)
    }
  }
}
