import { describe, expect, test } from 'vitest'
import { type LogRecord, readLogRecord } from '../../../src/judges/log-templates/read-log-record.ts'

const read = (record: Partial<LogRecord>) =>
  readLogRecord({ body: '', template: '', exceptionType: '', exceptionMessage: '', stacktrace: '', ...record })

const tokensOf = (record: Partial<LogRecord>): string => {
  const told = read(record)
  return told.kind === 'exception' ? told.tokens.join(' ') : `(message) ${told.text}`
}

const jvm = (line: number, lambda: number) => `java.lang.IllegalStateException: no card 12
\tat com.shop.pay.Charger.charge(Charger.java:${line})
\tat com.shop.pay.Charger$$EnhancerBySpringCGLIB$$ab12c${lambda}.charge(<generated>)
\tat com.shop.pay.PayController.lambda$pay$${lambda}(PayController.java:${line + 3})
\tat java.base/java.util.concurrent.FutureTask.run(FutureTask.java:264)`

describe('an exception is told by its type and where it was thrown', () => {
  test.each([
    [
      'the JVM',
      { stacktrace: jvm(42, 3) },
      'java.lang.IllegalStateException at com.shop.pay.Charger.charge com.shop.pay.Charger$$.charge com.shop.pay.PayController.lambda$pay',
    ],
    [
      'Node.js',
      {
        body: 'TypeError: x is undefined\n    at charge (/app/src/pay.js:12:7)\n    at async Router.handle (/app/node_modules/router/index.js:1:2)\n    at /app/dist/main.3f2a1b.js:1:2',
      },
      'TypeError at pay.charge main.anonymous',
    ],
    [
      'Python, the cause before what it caused',
      {
        stacktrace:
          'Traceback (most recent call last):\n  File "/srv/pay.py", line 10, in charge\n    send(card)\nConnectionError: refused\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "/srv/main.py", line 3, in handle\n    charge()\nshop.PaymentError: card 12\n',
      },
      'ConnectionError in shop.PaymentError at pay.charge',
    ],
    [
      'Go',
      {
        exceptionType: 'runtime.boundsError',
        stacktrace:
          'goroutine 12 [running]:\nmain.(*Server).charge(0xc0000, {0x12})\n\t/src/main.go:12 +0x1d\nnet/http.HandlerFunc.ServeHTTP(0x1)\n\t/usr/local/go/src/net/http/server.go:2136 +0x29\nmain.main.func1()\n\t/src/main.go:30',
      },
      'runtime.boundsError at main.(*Server).charge main.main.func',
    ],
    [
      '.NET',
      {
        stacktrace:
          'System.InvalidOperationException: x\n   at Shop.Pay.Charger.Charge(Int32 id) in /src/Pay.cs:line 12\n   at System.Threading.Tasks.Task.Execute()',
      },
      'System.InvalidOperationException at Shop.Pay.Charger.Charge',
    ],
    [
      'Ruby',
      {
        exceptionType: 'KeyError',
        stacktrace: "/srv/app/pay.rb:12:in `charge'\n/srv/gems/rack-3/lib/rack.rb:4:in `call'",
      },
      'KeyError at pay.charge',
    ],
    [
      'PHP',
      {
        exceptionType: 'DomainException',
        stacktrace: '#0 /srv/src/Pay.php(12): Shop\\Pay->charge()\n#1 /srv/vendor/x/Kernel.php(3): handle()',
      },
      'DomainException at Shop.Pay->charge',
    ],
    [
      'a browser',
      {
        exceptionType: 'TypeError',
        stacktrace: 'pay@https://shop.example/app.3f2a.js:1:20\nclick@https://shop.example/app.3f2a.js:1:90',
      },
      'TypeError at app.pay app.click',
    ],
    [
      'a runtime alone',
      {
        stacktrace:
          'java.lang.OutOfMemoryError: heap\n\tat java.base/java.util.Arrays.copyOf(Arrays.java:1)\n\tat java.base/java.util.ArrayList.grow(ArrayList.java:2)',
      },
      'java.lang.OutOfMemoryError at java.util.Arrays.copyOf java.util.ArrayList.grow',
    ],
  ] as const)('%s', (_, record, tokens) => {
    expect(tokensOf(record)).toBe(tokens)
  })

  test('which the next build of the program does not change', () => {
    expect(tokensOf({ stacktrace: jvm(42, 3) })).toBe(tokensOf({ stacktrace: jvm(1048, 7) }))
  })

  test('nor how deep a recursion went', () => {
    const deep = (times: number) =>
      `Error: deep\n${'    at walk (/app/tree.js:3:1)\n'.repeat(times)}    at main (/app/main.js:9:1)`
    expect(tokensOf({ stacktrace: deep(2) })).toBe('Error at tree.walk main.main')
    expect(tokensOf({ stacktrace: deep(90) })).toBe(tokensOf({ stacktrace: deep(2) }))
  })
})

describe('a message is', () => {
  test.each([
    ['the body', { body: 'order 7 done' }, 'order 7 done'],
    ['the message of a JSON body', { body: '{"level":"error","msg":"order 7 failed","order":7}' }, 'order 7 failed'],
    ['a body that only begins like JSON', { body: '{order} 7' }, '{order} 7'],
    ['the template that came with it', { body: 'order 7 done', template: 'order {Id} done' }, 'order {Id} done'],
    [
      'the type and the message of an exception without a place',
      { exceptionType: 'ValueError', exceptionMessage: 'bad 7\nmore' },
      'ValueError: bad 7',
    ],
    ['text of several lines that is no trace', { body: 'SELECT 1\n  FROM orders' }, 'SELECT 1\n  FROM orders'],
  ])('%s', (_, record, text) => {
    expect(tokensOf(record)).toBe(`(message) ${text}`)
  })
})

test('what people are shown of an exception is what it says', () => {
  expect(
    read({ exceptionType: 'KeyError', exceptionMessage: 'no such order', stacktrace: "/srv/pay.rb:12:in `charge'" })
      .shown,
  ).toBe('KeyError: no such order')
  expect(
    read({ stacktrace: 'Traceback (most recent call last):\n  File "/srv/pay.py", line 10, in charge\nKeyError: 7\n' })
      .shown,
  ).toBe('KeyError: 7')
  expect(read({ body: 'x'.repeat(9000) }).shown).toHaveLength(300)
})

// Each takes tens or hundreds of milliseconds where a pattern is tried from every place to every end.
test.each([
  ['a body of empty lines', { body: `x${'\n'.repeat(4095)}` }],
  ['a frame of colons', { stacktrace: `Error\n    at f (${':1'.repeat(8000)}x` }],
])('%s does not keep the reader busy', (_, record) => {
  for (let i = 0; i < 1000; i += 1) read(record)
  expect(read(record).shown).not.toBe('')
})
