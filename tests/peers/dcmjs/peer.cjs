// dcmjs-dimse as a peer: reads one order as JSON on standard input, carries it out on one association, and writes what
// came back as one line of JSON. tests/peers/dcmjs_dimse.py says what an order holds. `peer.cjs receive PORT FOLDER` is an
// archive.
'use strict';

const { join } = require('node:path');
const { readFileSync } = require('node:fs');
const { Client, constants, Dataset, log, requests, responses, Scp, Server } = require('dcmjs-dimse');

log.setLevel('error');

const { PresentationContextResult, SopClass, Status } = constants;

const PLAIN = ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2'];
const MAKE = {
  echo: () => new requests.CEchoRequest(),
  store: ({ file }) => new requests.CStoreRequest(file),
  find: ({ level, elements }) =>
    ({
      STUDY: requests.CFindRequest.createStudyFindRequest,
      SERIES: requests.CFindRequest.createSeriesFindRequest,
      IMAGE: requests.CFindRequest.createImageFindRequest,
      WORKLIST: requests.CFindRequest.createWorklistFindRequest,
    })[level](elements),
  move: ({ destination, study }) => requests.CMoveRequest.createStudyMoveRequest(destination, study),
  get: ({ study }) => requests.CGetRequest.createStudyGetRequest(study),
  create: ({ sop_class, instance, elements }) => withData(new requests.NCreateRequest(sop_class, instance), elements),
  set: ({ sop_class, instance, elements }) => withData(new requests.NSetRequest(sop_class, instance), elements),
  action: ({ sop_class, instance, type, elements }) =>
    withData(new requests.NActionRequest(sop_class, instance, type), elements),
};

function withData(request, elements) {
  request.setDataset(new Dataset(elements));
  return request;
}

function told(response) {
  const counts = response.getRemaining
    ? {
        remaining: response.getRemaining(),
        completed: response.getCompleted(),
        failed: response.getFailures(),
        warned: response.getWarnings(),
      }
    : {};
  return {
    status: response.getStatus(),
    comment: response.getErrorComment() || '',
    instance: response.getAffectedSopInstanceUid() || '',
    elements: response.hasDataset() ? response.getDataset().getElements() : null,
    ...counts,
  };
}

function run(order) {
  const said = { answers: order.requests.map(() => []), events: [], files: [], error: '' };
  const client = new Client();
  let server;

  function keep(request, answer) {
    const file = join(order.folder, `${said.files.length}.dcm`);
    request.getDataset().toFile(file, (error) => {
      const response = responses.CStoreResponse.fromRequest(request);
      response.setStatus(error ? Status.ProcessingFailure : Status.Success);
      if (!error) said.files.push(file);
      answer(response);
    });
  }

  function report(where, request, answer) {
    said.events.push({ where, type: request.getEventTypeId(), elements: request.getDataset().getElements() });
    const response = responses.NEventReportResponse.fromRequest(request);
    response.setStatus(Status.Success);
    answer(response);
  }

  class Listener extends Scp {
    associationRequested(requested) {
      for (const { id } of requested.getPresentationContexts()) {
        const context = requested.getPresentationContext(id);
        const known = [SopClass.Verification, SopClass.StorageCommitmentPushModel];
        if (known.includes(context.getAbstractSyntaxUid())) {
          context.setProviderRole(false);
          context.setUserRole(true);
          context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
        } else {
          context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported);
        }
      }
      this.sendAssociationAccept();
    }

    nEventReportRequest(request, answer) {
      report('later', request, answer);
    }

    associationReleaseRequested() {
      this.sendAssociationReleaseResponse();
      end();
    }
  }

  let closed = false;
  function end() {
    const events = order.events || 0;
    if (closed && (!server || said.events.length >= events || said.error)) {
      process.stdout.write(JSON.stringify(said) + '\n', () => process.exit(0));
    }
  }

  if (order.listen) {
    server = new Server(Listener);
    server.on('networkError', (error) => (said.error ||= `listening: ${error.message}`));
    server.listen(order.listen);
  }
  order.requests.forEach((wanted, index) => {
    const request = MAKE[wanted.kind](wanted);
    request.on('response', (response) => said.answers[index].push(told(response)));
    client.addRequest(request);
  });
  client.on('cStoreRequest', keep);
  client.on('nEventReportRequest', (request, answer) => report('same', request, answer));
  client.on('networkError', (error) => (said.error ||= error.message));
  client.on('associationRejected', (why) => (said.error ||= `rejected: ${JSON.stringify(why)}`));
  client.on('closed', () => {
    closed = true;
    end();
  });
  const options = { associationLingerTimeout: order.linger || 0 };
  if (order.authority) {
    const own = order.certificate ? { cert: readFileSync(order.certificate), key: readFileSync(order.key) } : {};
    options.securityOptions = { ca: readFileSync(order.authority), rejectUnauthorized: true, ...own };
  }
  client.send(order.host, order.port, order.calling, order.called, options);
}

// A storage server: one file for each object, until the process is ended.
function receive(port, folder) {
  let count = 0;

  class Archive extends Scp {
    associationRequested(requested) {
      for (const { id } of requested.getPresentationContexts()) {
        const context = requested.getPresentationContext(id);
        const syntax = context.getTransferSyntaxUids().find((uid) => PLAIN.includes(uid));
        if (syntax) context.setResult(PresentationContextResult.Accept, syntax);
        else context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported);
      }
      this.sendAssociationAccept();
    }

    cEchoRequest(request, answer) {
      const response = responses.CEchoResponse.fromRequest(request);
      response.setStatus(Status.Success);
      answer(response);
    }

    cStoreRequest(request, answer) {
      count += 1;
      request.getDataset().toFile(join(folder, `${count}.dcm`), (error) => {
        const response = responses.CStoreResponse.fromRequest(request);
        response.setStatus(error ? Status.ProcessingFailure : Status.Success);
        answer(response);
      });
    }

    associationReleaseRequested() {
      this.sendAssociationReleaseResponse();
    }
  }

  new Server(Archive).listen(port);
}

const [, , what, ...words] = process.argv;
if (what === 'receive') receive(Number(words[0]), words[1]);
else run(JSON.parse(readFileSync(0, 'utf8')));
