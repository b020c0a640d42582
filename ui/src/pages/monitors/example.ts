/** The file that is shown where there is none yet; a test of the server reads it (tests/monitor/test_documented.py). */
export const EXAMPLE = `monitors:
  - {name: leak, kind: leak, suspect: warning, confirmed: critical}
  - {name: memory-ends, kind: exhaustion, warning: {below: 24h}, critical: {below: 6h, until: 8h}}
  - name: heap-nearly-full
    kind: query
    query: |
      #A: metric=jvm.heap.after_gc | max by host, jvm
      #B: metric=jvm.heap.max | max by host, jvm
      #C: 100 * #A / #B along host, jvm
    window: 10m
    when: all
    points: 5
    warning: {above: 80, until: 75}
    critical: {above: 90, until: 80}
    recovery: 5m
`;
