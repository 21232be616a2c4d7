#!/usr/bin/env node
// Signs a token that may subscribe to news/** for ten minutes. Needs nothing but Node.
//
//     mint.mjs path/to/jwt.secret
import {createHmac} from 'node:crypto'
import {readFileSync} from 'node:fs'

const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = {sub: 'joe', exp: Math.floor(Date.now() / 1000) + 600, crier: {subscribe: ['news/**']}}
const signed = `${encode({alg: 'HS256', typ: 'JWT'})}.${encode(claims)}`
console.log(`${signed}.${createHmac('sha256', readFileSync(process.argv[2])).update(signed).digest('base64url')}`)
