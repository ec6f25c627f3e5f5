"""Run by the system's Python, which has odil: the services that odil's command line does not offer.

odil_services.py HOST PORT CALLING CALLED move DESTINATION STUDY
odil_services.py HOST PORT CALLING CALLED worklist KEYWORD=VALUE…
odil_services.py HOST PORT CALLING CALLED step BEGIN END      (attribute lists in the DICOM JSON model)
odil_services.py HOST PORT CALLING CALLED receive FOLDER
"""

import json
import sys

import odil  # of the Debian package python3-odil

SYNTAXES = [odil.registry.ImplicitVRLittleEndian, odil.registry.ExplicitVRLittleEndian]


def associate(host, port, calling, called, sop_class):
    context = odil.AssociationParameters.PresentationContext(
        1, sop_class, SYNTAXES, odil.AssociationParameters.PresentationContext.Role.SCU
    )
    association = odil.Association()
    association.set_peer_host(host)
    association.set_peer_port(int(port))
    association.update_parameters().set_calling_ae_title(calling).set_called_ae_title(called).set_presentation_contexts(
        [context]
    )
    association.associate()
    return association


def move(association, destination, study):
    query = odil.DataSet()
    query.add("QueryRetrieveLevel", ["STUDY"])
    query.add("StudyInstanceUID", [study])
    scu = odil.MoveSCU(association)
    scu.set_affected_sop_class(odil.registry.StudyRootQueryRetrieveInformationModelMove)
    scu.set_move_destination(destination)
    counts = {}

    def told(message):
        for name in ("completed", "failed", "warning"):
            if getattr(message, f"has_number_of_{name}_sub_operations")():
                counts[name] = getattr(message, f"get_number_of_{name}_sub_operations")()

    scu.move(query, lambda stored: None, told)
    print(" ".join(f"{name}={number}" for name, number in sorted(counts.items())))


def worklist(association, keys):
    query = odil.DataSet()
    for key in keys:
        keyword, _, value = key.partition("=")
        query.add(keyword, [value] if value else [])
    query.add("ScheduledProcedureStepSequence", [odil.DataSet()])
    scu = odil.FindSCU(association)
    scu.set_affected_sop_class(odil.registry.ModalityWorklistInformationModelFind)
    for answer in scu.find(query):
        print(json.dumps(json.loads(odil.as_json(answer))))


def step(association, begin, end):
    """N-CREATE without a SOP Instance UID: the node names the step. N-SET twice with that name."""
    sop_class = odil.registry.ModalityPerformedProcedureStep
    request = odil.messages.NCreateRequest(association.next_message_id(), sop_class, odil.from_json(begin))
    association.send_message(request, sop_class)
    answer = association.receive_message()
    uid = answer.get_command_set().as_string("AffectedSOPInstanceUID")[0].decode().rstrip("\0")
    statuses = [odil.messages.Response(answer).get_status()]
    for _ in range(2):
        number = association.next_message_id()
        request = odil.messages.NSetRequest(number, sop_class, uid, odil.from_json(end))
        association.send_message(request, sop_class)
        statuses.append(odil.messages.Response(association.receive_message()).get_status())
    print(json.dumps({"uid": uid, "statuses": statuses}))


def receive(port, folder):
    """Serves one association after the other; ends with the process. Debian's binding cannot hand over callbacks."""
    count = 0
    while True:
        association = odil.Association()
        try:
            association.receive_association("v4", port)
            while True:
                message = association.receive_message()
                if message.get_command_field() == odil.messages.Message.Command.C_ECHO_RQ:
                    request = odil.messages.CEchoRequest(message)
                    sop_class = request.get_affected_sop_class_uid()
                    response = odil.messages.CEchoResponse(request.get_message_id(), 0, sop_class)
                else:
                    request = odil.messages.CStoreRequest(message)
                    sop_class = request.get_affected_sop_class_uid()
                    count += 1
                    ds = request.get_data_set()
                    odil.Writer.write_file(ds, f"{folder}/{count}.dcm", transfer_syntax=ds.get_transfer_syntax())
                    response = odil.messages.CStoreResponse(request.get_message_id(), 0)
                association.send_message(response, sop_class)
        except (odil.AssociationReleased, odil.AssociationAborted, odil.Exception):
            continue


def main():
    host, port, calling, called, what, *rest = sys.argv[1:]
    if what == "receive":
        receive(int(port), *rest)
        return
    if what == "move":
        association = associate(host, port, calling, called, odil.registry.StudyRootQueryRetrieveInformationModelMove)
        move(association, *rest)
    elif what == "step":
        association = associate(host, port, calling, called, odil.registry.ModalityPerformedProcedureStep)
        step(association, *rest)
    else:
        association = associate(host, port, calling, called, odil.registry.ModalityWorklistInformationModelFind)
        worklist(association, rest)
    association.release()


if __name__ == "__main__":
    main()
