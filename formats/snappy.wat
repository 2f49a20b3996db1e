;; Snappy's raw format, behind its preamble (format_description.txt of google/snappy). Bytes are copied 8 or 16 at a time and may be written up to
;; 32 bytes beyond what is meant, read up to 16: the caller leaves room behind both ranges.
(module
  (memory (export "memory") 1)

  ;; Decompresses the elements in [at, end) to [out, outEnd). 1 where they fill it; 0 where they do not or are damaged.
  (func (export "decompress")
    (param $at i32) (param $end i32) (param $out i32) (param $outEnd i32) (result i32)
    (local $start i32)  ;; of the output
    (local $tag i32) (local $length i32) (local $offset i32)
    (local $from i32) (local $to i32)
    (local.set $start (local.get $out))
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end))
        (then (return (i32.eq (local.get $out) (local.get $outEnd)))))
      (local.set $tag (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $length (i32.add (i32.shr_u (local.get $tag) (i32.const 2)) (i32.const 1)))
      (if (i32.eqz (i32.and (local.get $tag) (i32.const 3)))
        (then
          ;; A literal; one of more than 60 bytes has its length, less 1, in the 1 to 4 bytes behind the tag.
          (if (i32.gt_u (local.get $length) (i32.const 60))
            (then
              (local.set $length (i32.sub (local.get $length) (i32.const 60)))
              (if (i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const 0))))
              (local.set $from (local.get $at))
              (local.set $at (i32.add (local.get $at) (local.get $length)))
              (local.set $length (i32.add (i32.const 1) (i32.and
                (i32.load (local.get $from))
                (i32.shr_u (i32.const -1) (i32.sub (i32.const 32) (i32.shl (local.get $length) (i32.const 3)))))))
              ;; 2^32 bytes.
              (if (i32.eqz (local.get $length)) (then (return (i32.const 0))))))
          (if (i32.or
                (i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $at)))
                (i32.gt_u (local.get $length) (i32.sub (local.get $outEnd) (local.get $out))))
            (then (return (i32.const 0))))
          (if (i32.le_u (local.get $length) (i32.const 16))
            (then
              (i64.store (local.get $out) (i64.load (local.get $at)))
              (i64.store offset=8 (local.get $out) (i64.load offset=8 (local.get $at))))
            (else (memory.copy (local.get $out) (local.get $at) (local.get $length))))
          (local.set $at (i32.add (local.get $at) (local.get $length)))
          (local.set $out (i32.add (local.get $out) (local.get $length)))
          (br $next)))
      ;; A copy of what is there already; the offset's size is 1, 2 or 4 bytes.
      (local.set $tag (i32.and (local.tee $from (local.get $tag)) (i32.const 3)))
      (if (i32.gt_u
            (i32.shl (i32.const 1) (i32.sub (local.get $tag) (i32.const 1)))
            (i32.sub (local.get $end) (local.get $at)))
        (then (return (i32.const 0))))
      (if (i32.eq (local.get $tag) (i32.const 1))
        (then
          (local.set $length (i32.add (i32.and (i32.shr_u (local.get $from) (i32.const 2)) (i32.const 7)) (i32.const 4)))
          (local.set $offset (i32.or
            (i32.shl (i32.shr_u (local.get $from) (i32.const 5)) (i32.const 8))
            (i32.load8_u (local.get $at)))))
        (else
          (if (i32.eq (local.get $tag) (i32.const 2))
            (then (local.set $offset (i32.load16_u (local.get $at))))
            (else (local.set $offset (i32.load (local.get $at)))))))
      (local.set $at (i32.add (local.get $at) (i32.shl (i32.const 1) (i32.sub (local.get $tag) (i32.const 1)))))
      (if (i32.or
            (i32.eqz (local.get $offset))
            (i32.or
              (i32.gt_u (local.get $offset) (i32.sub (local.get $out) (local.get $start)))
              (i32.gt_u (local.get $length) (i32.sub (local.get $outEnd) (local.get $out)))))
        (then (return (i32.const 0))))
      (local.set $to (local.get $out))
      (local.set $from (i32.sub (local.get $out) (local.get $offset)))
      (local.set $out (i32.add (local.get $out) (local.get $length)))
      ;; What repeats within 8 bytes is written until it lies 8 bytes apart.
      (block $apart
        (loop $repeat
          (br_if $apart (i32.ge_u (local.get $offset) (i32.const 8)))
          (i64.store (local.get $to) (i64.load (local.get $from)))
          (local.set $to (i32.add (local.get $to) (local.get $offset)))
          (local.set $offset (i32.shl (local.get $offset) (i32.const 1)))
          (br $repeat)))
      (loop $copy
        (i64.store (local.get $to) (i64.load (local.get $from)))
        (local.set $to (i32.add (local.get $to) (i32.const 8)))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (br_if $copy (i32.lt_u (local.get $to) (local.get $out))))
      (br $next))
    (unreachable)))
