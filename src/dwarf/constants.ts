// Numbers of DWARF 5 (chapter 7) that the type reader needs; those that DWARF 4 has are the same there.
// Attributes without a name here are skipped.

/** DWARF 5, table 7.3 */
export const DwarfTag = {
  DW_TAG_array_type: 0x01,
  DW_TAG_enumeration_type: 0x04,
  DW_TAG_formal_parameter: 0x05,
  DW_TAG_label: 0x0a,
  DW_TAG_lexical_block: 0x0b,
  DW_TAG_member: 0x0d,
  DW_TAG_pointer_type: 0x0f,
  DW_TAG_compile_unit: 0x11,
  DW_TAG_structure_type: 0x13,
  DW_TAG_subroutine_type: 0x15,
  DW_TAG_typedef: 0x16,
  DW_TAG_union_type: 0x17,
  DW_TAG_unspecified_parameters: 0x18,
  DW_TAG_inlined_subroutine: 0x1d,
  DW_TAG_subrange_type: 0x21,
  DW_TAG_base_type: 0x24,
  DW_TAG_const_type: 0x26,
  DW_TAG_enumerator: 0x28,
  DW_TAG_subprogram: 0x2e,
  DW_TAG_variable: 0x34,
  DW_TAG_volatile_type: 0x35,
  DW_TAG_restrict_type: 0x37,
  DW_TAG_atomic_type: 0x47,
  DW_TAG_call_site: 0x48,
  DW_TAG_call_site_parameter: 0x49,
  /** What gcc writes instead of these two for DWARF 4. */
  DW_TAG_GNU_call_site: 0x4109,
  DW_TAG_GNU_call_site_parameter: 0x410a,
} as const;

/** DWARF 5, table 7.5 */
export const DwarfAttribute = {
  DW_AT_location: 0x02,
  DW_AT_name: 0x03,
  DW_AT_byte_size: 0x0b,
  DW_AT_stmt_list: 0x10,
  DW_AT_comp_dir: 0x1b,
  DW_AT_const_value: 0x1c,
  DW_AT_upper_bound: 0x2f,
  DW_AT_abstract_origin: 0x31,
  DW_AT_producer: 0x25,
  DW_AT_bit_size: 0x0d,
  DW_AT_count: 0x37,
  DW_AT_data_member_location: 0x38,
  DW_AT_decl_file: 0x3a,
  DW_AT_decl_line: 0x3b,
  DW_AT_declaration: 0x3c,
  DW_AT_external: 0x3f,
  DW_AT_specification: 0x47,
  DW_AT_call_line: 0x59,
  DW_AT_type: 0x49,
  DW_AT_data_bit_offset: 0x6b,
  DW_AT_str_offsets_base: 0x72,
  DW_AT_addr_base: 0x73,
  DW_AT_alignment: 0x88,
} as const;

/** DWARF 5, table 7.6 */
export const DwarfForm = {
  DW_FORM_addr: 0x01,
  DW_FORM_block2: 0x03,
  DW_FORM_block4: 0x04,
  DW_FORM_data2: 0x05,
  DW_FORM_data4: 0x06,
  DW_FORM_data8: 0x07,
  DW_FORM_string: 0x08,
  DW_FORM_block: 0x09,
  DW_FORM_block1: 0x0a,
  DW_FORM_data1: 0x0b,
  DW_FORM_flag: 0x0c,
  DW_FORM_sdata: 0x0d,
  DW_FORM_strp: 0x0e,
  DW_FORM_udata: 0x0f,
  DW_FORM_ref1: 0x11,
  DW_FORM_ref2: 0x12,
  DW_FORM_ref4: 0x13,
  DW_FORM_ref8: 0x14,
  DW_FORM_ref_udata: 0x15,
  DW_FORM_sec_offset: 0x17,
  DW_FORM_exprloc: 0x18,
  DW_FORM_flag_present: 0x19,
  DW_FORM_strx: 0x1a,
  DW_FORM_addrx: 0x1b,
  DW_FORM_data16: 0x1e,
  DW_FORM_line_strp: 0x1f,
  DW_FORM_implicit_const: 0x21,
  DW_FORM_loclistx: 0x22,
  DW_FORM_rnglistx: 0x23,
  DW_FORM_strx1: 0x25,
  DW_FORM_strx2: 0x26,
  DW_FORM_strx3: 0x27,
  DW_FORM_strx4: 0x28,
  DW_FORM_addrx1: 0x29,
  DW_FORM_addrx2: 0x2a,
  DW_FORM_addrx3: 0x2b,
  DW_FORM_addrx4: 0x2c,
} as const;

/** A location that begins with one of these is a fixed address: itself, or its index in .debug_addr. */
export const DW_OP_ADDR = 0x03;
export const DW_OP_ADDRX = 0xa1;
/** DW_LNCT_path and DW_LNCT_directory_index: DWARF 5, table 7.27 */
export const DW_LNCT_PATH = 1;
export const DW_LNCT_DIRECTORY_INDEX = 2;
