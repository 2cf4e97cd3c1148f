;; labels.scm: what the teacher's voice would say, as text: phones in their full context.
;;
;;     festival -b labels.scm sentences.scm | teacher ...
;;
;; sentences.scm holds one call a line: (say "17" "Some text."). For each, festival's front end runs up
;; to the durations; the wave is left to teacher.c. Printed are, a line each:
;;
;;     U number
;;     W word punctuation function-word-class       in order
;;     S phone stress word-number label             word-number counts W lines from 0; -1: a pause
;;     E

(voice_cmu_us_slt_arctic_hts)

(define (punctuation word)
  (let ((marks (item.feat word "R:Token.parent.punc")))
    (if (string-equal marks "") "0" marks)))

(define (number_words utt)
  (let ((n -1))
    (mapcar
     (lambda (w)
       (set! n (+ n 1))
       (item.set_feat w "number" n)
       (format t "W %s %s %s\n" (item.name w) (punctuation w) (item.feat w "gpos")))
     (utt.relation.items utt 'Word))))

(define (number_of segment)
  (if (item.parent (item.relation segment 'SylStructure))
      (item.feat segment "R:SylStructure.parent.parent.number")
      -1))

(define (print_segments utt)
  (mapcar
   (lambda (s)
     (format t "S %s %s %s %s\n" (item.name s) (item.feat s "R:SylStructure.parent.stress")
             (number_of s) (hts_feats_output_string s)))
   (utt.relation.items utt 'Segment)))

(define (say number text)
  (let ((utt (eval (list 'Utterance 'Text text))))
    (mapcar (lambda (module) (module utt))
            (list Initialize Text Token_POS Token POS Phrasify Word Pauses Intonation PostLex))
    (format t "U %s\n" number)
    (number_words utt)
    (print_segments utt)
    (format t "E\n")))
