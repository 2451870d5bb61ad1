#!/usr/bin/env bash
# Writes the inputs that the fuzzer starts from: for each target a few that reach what random bytes reach late.
#
#   fuzz/seeds.sh DIRECTORY        writes DIRECTORY/<target>/<what it is>
set -euo pipefail

out=${1:?the directory to write to}

# Bytes given in hex, blanks ignored; zeros; a text; a number of 4 or 8 bytes, least byte first; text behind its SCALE length.
hex() {
  local digits="$*" escaped=''
  digits=${digits// /}
  while [ -n "$digits" ]; do escaped+="\\x${digits:0:2}" digits=${digits:2}; done
  # shellcheck disable=SC2059
  printf "$escaped"
}
zeros() { head -c "$1" /dev/zero; }
repeat() {
  local i digits=''
  for ((i = 0; i < $2; i++)); do digits+=$1; done
  hex "$digits"
}
u32() {
  local digits
  printf -v digits '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
  hex "$digits"
}
u64() { u32 $(($1 & 0xffffffff)); u32 $(($1 >> 32)); }
u128() { u64 "$1"; zeros 8; }
scale() { hex "$(printf '%02x' $((${#1} << 2)))"; printf '%s' "$1"; }
seed() { mkdir -p "$out/$1"; cat >"$out/$1/$2"; }

# --- What people write ---

i=0
for text in 12 0.5 340282366920938463463.374607431768211455 1.000000000000000000000 64GiB '10 KiB' 2tb 18446744073709551615 storage \
  data-availability 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY \
  0x0101010101010101010101010101010101010101010101010101010101010101 abababababababababababababababababababababababababababababababab; do
  i=$((i + 1)); printf '%s' "$text" | seed amounts "$i"
done
i=0
for text in //Alice '//Alice//stash' '/soft' '//hard/soft///password' \
  'bottom drive obey lake curtain smoke basket hold race lonely fit walk' \
  0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a; do
  i=$((i + 1)); printf '%s' "$text" | seed secret "$i"
done
i=0
for text in 0-0 10-19 90- -5 100- -0 5-2 0-1,3-4 99999999999999999999999- bytes=0-0 items=0-1; do
  i=$((i + 1)); { u64 100; printf '%s' "$text"; } | seed range "$i"
done
i=0
for text in http://a https://example.org:8443/noema http://127.0.0.1:8201 'http://[::1]:8201' http://a.b-c.d/%2f/x.y http://1.2.3 \
  http://user@host http://0x7f000001 http://a:0 http://xn--a/ 'http://a?b#c'; do
  i=$((i + 1)); printf '%s' "$text" | seed endpoint "$i"
  # The same where the chain accepts it: encrypted, with the hash of a key.
  i=$((i + 1)); printf 'https://%s#sha256=%064d' "${text#*://}" 7 | seed endpoint "$i"
done

# An order with everything in it, one that is a whole, an answer in events, and messages of the runner's pipe.
file=$(printf '0a%.0s' {1..32})
printf '{"model":"wasm/1","module":{"file":"%s","size":2000},"inputs":[{"bytes":"YWJj"},{"file":"0x%s","size":1}],"limits":{"fuel":5,"memory":65536,"output":9},"stream":true}' \
  "$file" "$file" | seed job_order stored
printf '{"model":"m","module":{"bytes":"AGFzbQEAAAA="},"limits":{"fuel":1,"memory":0,"output":0}}' | seed job_order least
empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
{ u64 7; hex 00; printf '{"object":"job.started"}\n{"object":"job.progress","done":1,"total":2}\n{"object":"job","interface":"noema_job_1","end":"completed","fuel":7,"output_bytes":0,"output_sha256":"%s","usage":{"units":1,"set_up":0}}' "$empty"; } |
  seed job_order answer
{ hex 00; u64 1; hex 00 08 6162; hex 04 01; printf '%s' "${file:0:32}"; u64 9; u64 5; u32 6; u32 7; } | seed runner_messages order
{ hex 04; u64 3; hex 01 01; u64 8; } | seed runner_messages fetched
{ hex 03; u64 1; hex 04; scale 'why not'; } | seed runner_messages refused
{ hex 06; u64 1; scale '{}'; } | seed runner_messages ended

# Answers of seats and gateways, a message of the disperser, rows in a request.
hash=0x$(printf '07%.0s' {1..32}) point=0x$(printf '09%.0s' {1..96})
{ hex 00; printf '{"submission":7,"seat":3,"signature":"%s"}' "$point"; } | seed da_messages signed
{ hex 00; printf '{"id":"%s","size":9,"state":"too_few_signatures","reason":"why","commitment":"%s","submission":7,"member":{"index":1,"offset":2,"size":3,"id":"%s","siblings":["%s"]},"faults":[{"seat":1,"fault":"too_slow","message":"m"}]}' \
  "${hash:2:32}" "$hash" "$hash" "$hash"; } | seed da_messages blob
{ hex 00; printf '{"drawn":3,"verified":3,"fooled_with":0.015625,"faults":[]}'; } | seed da_messages sampled
{ hex 00; printf '{"submission":7,"seat":1,"commitment":"%s","size":4,"rows":[1,5],"until":9}' "$hash"; } | seed da_messages held
{ hex 01 08 04 12 0b 0a 09 0a 02 09 09 10 ac 02 18 01; } | seed da_messages finalized
{ hex 02 00; printf '3,9-20,4000'; } | seed da_messages rows
{ hex 03 04; for n in 1 2 3 4; do repeat "0$n" 2; u64 "$n"; hex 00; done; } | seed da_messages committee

# The parts of a voucher and a receipt, in the form that files have.
request=0x$(printf '03%.0s' {1..32}) signature=0x$(printf '01%.0s' {1..64})
tokens='{"input":"1","cached":"0","output":"2"}'
voucher='{"channel":"7","session":2,"lane":3,"nonce":"1","service":"5","paid":"0","maximum":"340282366920938463463374607431768211455","request":"'$request'","expires":"18446744073709551615","price":'$tokens'}'
receipt='{"channel":"7","session":2,"lane":3,"nonce":"1","service":"5","request":"'$request'","response":"'$request'","response_bytes":"12","model":"tiny/1","usage":{"units":"4"},"price":{"unit":"2"},"amount":"8","cumulative":"9","time":"1764500000000"}'
printf '{"voucher":%s,"signature":"%s"}' "$voucher" "$signature" | seed compute_file voucher
printf '{"receipt":%s,"signature":"%s"}' "$receipt" "$signature" | seed compute_file receipt
printf '{"voucher":%s,"signature":"%s","amount":"5"}' "$voucher" "$signature" | seed compute_file claim
printf '{"voucher":%s,"signature":"%s","amount":"5","demand":"%s"}' "$voucher" "$signature" "$signature" | seed compute_file demanded

seed config_file whole <<'TOML'
node = "ws://127.0.0.1:9944"
provider = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
data_dir = "/var/lib/noema"
listen = "[::]:8201"
grace_seconds = 3600
max_uploads = 32
max_downloads = 64
max_connections = 256
index_cache_mib = 16
disk_reserve = "5%"
upload_rate = "20MiB"
pull_rate = 1048576
scrub_rate = "8MiB"
scrub_interval_seconds = 86400
log_format = "json"
TOML
printf 'provider = "0x%064d"\n' 0 | seed config_file least
printf 'provider = "0x%064d"\nmax_uploads = 0\n' 0 | seed config_file bounds
printf 'operator_key = "/dev/null"\n' | seed config_file key
printf 'nodde = 1\n' | seed config_file unknown

keystore='{"encoded":"%s","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY","meta":{"name":"Alice","whenCreated":1}}'
# shellcheck disable=SC2059
printf "$keystore" "$({ zeros 32; u32 32768; u32 1; u32 8; zeros 157; } | base64 | tr -d '\n')" | seed keystore sealed
# shellcheck disable=SC2059
printf "$keystore" "$({ zeros 32; u32 2147483648; u32 65535; u32 65535; zeros 157; } | base64 | tr -d '\n')" | seed keystore greedy
# shellcheck disable=SC2059
printf "$keystore" AAAA | seed keystore short
printf '{}' | seed keystore empty

# --- What goes over HTTP ---

{ hex 00; printf '{"status":"ok","chain":{"finalized":7,"lag_seconds":1},"store":{"files":1,"bytes":2,"free_bytes":3,"writable":true}}'; } |
  seed provider_answers health
{ hex 01; printf '{"version":"0.1.0","genesis":"0x%064d","provider":"0x%064d","operator":"0x%064d","limits":{"max_uploads":1,"max_downloads":2,"max_body":3}}' 0 0 0; } |
  seed provider_answers info
{ hex 02; printf '{"file":"%064d","root":"0x%064d","size":300,"segments":2,"have":1,"complete":false,"missing":[[0,0],[2,9]]}' 0 0; } |
  seed provider_answers status
{ hex 03 3001; printf '{"error":{"code":"unknown_file","message":"no\\u001b[31m deal\\n"}}'; } | seed provider_answers refusal

request() { local name=$1; shift; { printf '%s\r\n' "$@"; printf '\r\n'; } | seed http_server "$name"; }
request health 'GET /v1/health HTTP/1.1' 'Host: a'
request info 'GET /v1/info HTTP/1.1' 'Host: a' 'Connection: close'
request metrics 'GET /metrics HTTP/1.0'
request status 'GET /v1/files/{complete} HTTP/1.1' 'Host: a'
request missing 'GET /v1/files/{partial} HTTP/1.1' 'Host: a'
request segment 'GET /v1/files/{complete}/segments/0 HTTP/1.1' 'Host: a'
request part 'GET /v1/files/{complete}/data HTTP/1.1' 'Host: a' 'Range: bytes=10-19'
request beyond 'GET /v1/files/{complete}/data HTTP/1.1' 'Host: a' 'Range: bytes=-0'
request nothing 'POST /v1/files/../x HTTP/1.1' 'Host: a' 'Transfer-Encoding: chunked'
request hex0x 'HEAD /v1/files/0x{complete} HTTP/1.1' 'Host: a'
{ printf 'PUT /v1/files/{partial}/segments/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Noema {token}\r\nContent-Length: 546\r\n\r\n{frame}'; } |
  seed http_server put
{ printf 'PUT /v1/files/{partial}/segments/0 HTTP/1.1\r\nHost: a\r\nAuthorization: Noema {token}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\001\000ab\r\n0\r\n\r\n'; } |
  seed http_server chunked
{ printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'; hex 000000 04 00 00000000 000004 01 05 00000001 82 84 86 41; } | seed http_server http2

printf 'Noema %s' "$({ hex 01; zeros 168; } | base64 | tr -d '\n')" | seed upload_token header
printf 'Noema %s' "$({ hex 02; zeros 168; } | base64 | tr -d '\n')" | seed upload_token later
zeros 300 | seed upload_token unchanged
{ hex 01; u64 1800000600; zeros 300; } | seed upload_token late

{ hex 00 00 01 00; zeros 512; } | seed frame plain
{ hex 01 01 01 01; zeros 32; zeros 512; } | seed frame sibling
{ hex 01 01; zeros 16; } | seed frame unchanged
{ hex 01 02 01 29; zeros 64; } | seed frame siblings

# --- What nodes tell (layouts: pallets/storage/src/types.rs, pallets/providers/src/types.rs) ---

slot() { "$@"; u64 9; hex 01; repeat 08 32; hex 01; u32 40; }
drawing() { hex 00; u32 30; }
assigned() { hex 01; repeat 02 32; u32 31; }
proving() { hex 02; repeat 03 32; u32 32; u32 33; }
held() { hex 03; repeat 04 32; u32 34; }
deal() { repeat 06 32; u64 1000; u128 77; u32 12; hex 01 10; slot drawing; slot assigned; slot proving; slot held; }
provider() { repeat 05 32; scale http://a:1; hex "$@"; u64 1000; u64 10; u128 500; hex 04; u128 5; u32 60; u32 3; }
{ hex 00; deal; } | seed chain_state deal
{ hex 01; provider 00; } | seed chain_state active
{ hex 01; provider 02 07000000; } | seed chain_state jailed
{ hex 01; provider 03 01 07000000; } | seed chain_state leaving
{ hex 02; u32 3; u32 1; u32 1; u32 0; u128 100; u128 20; u128 5; zeros 16; } | seed chain_state account
{ hex 03; repeat 07 32; } | seed chain_state operator
{ hex 04; repeat 07 32; } | seed chain_state seed
{ hex 05; u64 1800000000000; } | seed chain_state time
{ hex 06 30; repeat 01 48; deal; } | seed chain_state deals
{ hex 07 50; repeat 01 80; hex 02; } | seed chain_state assignments
{ hex 08 18; repeat 01 24; u32 1; u32 1; } | seed chain_state sizes
{ hex 08 30; repeat 01 48; } | seed chain_state files
{ hex 09 30; repeat 01 16; repeat 02 32; provider 00; } | seed chain_state providers

# --- What lies in a data directory ---

record() { repeat 01 32; u64 600; u64 "$1"; u64 "$2"; hex 00 "$3"; }
{ hex 00; u64 1; zeros 64; } | seed store_index new
{ hex 01 44; u32 1; repeat 07 32; repeat 09 32; u64 1; zeros 32; } | seed store_index ours
{ hex 01 44; u32 2; repeat 07 32; repeat 09 32; } | seed store_index later
{ hex 2a 00 3a; record 1 256 00; hex 00 00 40; repeat 03 64; hex 00 00 01 01; zeros 64; } | seed store_index held
{ hex 04 00 3a; record 1 256 01; hex 01 3a; record 9 9 00; zeros 64; } | seed store_index deleting
{ hex 04 00 3a; repeat 01 32; u64 600; repeat ff 16; hex 00 00; hex 01 3a; repeat 01 32; u64 600; repeat ff 16; hex 00 00; zeros 64; } |
  seed store_index full

# --- Code of a runtime ---

module() { hex 01 01 00; hex 00 2b 0f; printf runtime_version; scale noema; scale noema-node; u32 1; u32 7; u32 7; }
{ hex 02; module; } | seed runtime_code module
{ hex 02 01 01 00 00 05 04; printf name; } | seed runtime_code nameless
{ hex 02 00 ff ff ff ff ff 01; } | seed runtime_code long
{ hex 01; printf garbage; } | seed runtime_code garbage

# --- Coded blobs ---

{ hex 01 00 00 00; u32 5; printf hello; zeros 60; } | seed blob_header plain
{ u64 5; hex 01 00 00 00; u32 5; printf hello; zeros 47; } | seed blob_header rows
{ hex 01 01 00 00; u32 134217729; } | seed blob_header large
{ hex 01 00 00 00; u32 1; zeros 32; u32 0; zeros 32; } | seed bundle empty
{ hex 03 05; printf hello; hex 00 03; printf abc; hex 01 ff 02 28; zeros 40; zeros 20; } | seed bundle four
for kind in 00 01 02 03; do
  { hex "$kind" 03 02; u64 7; hex 20 02; zeros 20; } | seed shard "honest$kind"
  { hex "$kind" 00 00; u64 2; hex 04 02 01; } | seed shard "header$kind"
  { hex "$kind" 05 04; u64 300; hex ff 00; } | seed shard "short$kind"
done
{ hex 01 00 05 00; u32 900; repeat 07 32; } | seed shard raw
zeros 64 | seed row_proof zeros
repeat 01 400 | seed row_proof ones

# --- Trees ---

{ hex 00 01; u64 5; hex 02; u64 7; hex 01; u64 0; } | seed sum_tree few
{ hex 01 03 00 81; u128 5; zeros 15; hex 02 00 81; u128 5; zeros 15; hex 01 00 81; u128 5; zeros 15; hex 00 00 81; u128 5; zeros 15; } |
  seed sum_tree consistent
{ hex 01 03 00 80 80; zeros 14; } | seed sum_tree overflow
zeros 64 | seed sector_proof zeros
repeat 01 400 | seed sector_proof ones
zeros 64 | seed segment zeros
repeat 07 400 | seed segment sevens
zeros 4 | seed chain_events none
{ hex 04 00; u32 0; hex 00 00; zeros 8; hex 00; } | seed chain_events success

# --- The compute market ---

zeros 216 | seed compute_headers zeros
{ repeat 00 151; hex 01; zeros 64; } | seed compute_headers tokens
printf 'AQAAAAAAAAA' | seed compute_headers text
{ hex 09 03; printf '{"model":"m","stream":true,"n":2,"max_tokens":50,"stream_options":{"include_usage":true},"messages":[]}'; } | seed compute_bodies chat
{ hex 01 00; printf '{"model":"e","input":["a","b"]}'; } | seed compute_bodies embedding
{ hex 01 04; printf 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\nevent: noema-receipt\r\ndata: x\r\n\r\ndata: [DONE]\n\n'; } |
  seed compute_bodies events
{ hex 01 01; printf '{"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}'; } | seed compute_bodies usage
# --- Jobs ---

wasm() { hex 0061736d 01000000 "$@"; }
{ hex 00; wasm; } | seed job_module empty
# A memory `memory`, a function `run` without instructions.
{ hex 00; wasm 01040160 0000 03020100 0503010001 0710 02 06 6d656d6f7279 02 00 03 72756e 00 00 0a04010200 0b; } | seed job_module least
{ hex 10; hex 01040160 0000 03020100 0503010001 0710 02 06 6d656d6f7279 02 00 03 72756e 00 00 0a0a010800 03400c000b0f 0b; } | seed job_module loop
for kind in 20 30 40 50; do
  { hex "$kind"; repeat 0408020301070405 12; } | seed job_module "generated$kind"
  { hex "$kind"; repeat 03040603050700090a0b 12; } | seed job_module "nested$kind"
done
chat() { hex 01 00; u32 5; hex 0000003f 0000803f; u64 7; hex "$@"; }
{ hex 00; chat 01; u32 3; printf END; hex 01 00 01; u32 2; printf hi; } | seed language_model chat
{ hex 00 01 01 01 00; u32 2; printf hi; } | seed language_model embed
{ hex 01 04; u32 7; hex 00; u32 1; u32 2; printf hi; hex 01 00; u32 7; u32 1; } | seed language_model events
{ hex 01 02; u32 7; hex 02 00; zeros 8; hex 03 01; u32 600; u32 512; } | seed language_model embedding
{ hex 02; printf NOEMALM1; u32 261; u32 32; u32 1; u32 32; u32 8; u32 16; zeros 64; } | seed language_model weights
{ hex 03; zeros 36; chat 00 01 00 01; u32 2; printf hi; } | seed language_model honest
{ hex 03; u64 9000; hex ff; u64 90000; hex 80; u64 5000; hex 7f; u64 900000; hex 01; chat 00 01 00 01; u32 2; printf hi; } | seed language_model changed
printf '{"model":"noema-mini","messages":[{"role":"system","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]}],"stream":true,"stop":["x"],"seed":-1,"temperature":0.5}' |
  seed completion_request chat
printf '{"model":"m","input":["a","b"],"encoding_format":"base64"}' | seed completion_request embed
printf '{"messages":[{"role":"user","content":"b"}],"n":2,"tool_choice":"required","top_p":2}' | seed completion_request refused
