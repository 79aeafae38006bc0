frame-skip = Ir al contenido
frame-main = Principal
frame-more = Más páginas
frame-between = ,{" "}
frame-language = Idioma
frame-sign-out = Cerrar sesión
frame-release = Versión
frame-for-systems = Para otros sistemas
frame-error = Error:
frame-wrong = Falta algo o algo no está bien
frame-key = Llave
frame-key-open = Llave abierta
frame-find = Buscar
frame-inbox = Recibidas
frame-sent = Enviadas
frame-cases = Casos
frame-disclosures = Divulgaciones
frame-overdue = Atrasadas
frame-moment = { $day }, { $time } UTC
frame-day = { $day } de { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
} de { $year }
role-case-worker = Trabajador de casos
role-intake = Responsable de admisión
role-administrator = Administrador
role-data-protection = Protección de datos
role-coordinator = Coordinador
role-operator = Operador
frame-ends-own = Su llave, o la de este dispositivo, caduca el { $day }. Pida a un guardián de las llaves de su organización que la renueve antes.
frame-ends-own-over = Su llave, o la de este dispositivo, caducó el { $day }. Hasta que un guardián de las llaves de su organización la renueve, no puede abrir cartas ni firmar.
frame-ends-readers = Llaves para las que se sellan las cartas a su organización caducan el { $day }. Pida a un guardián de las llaves de su organización que las renueve antes.
frame-ends-readers-over = Llaves para las que se sellan las cartas a su organización caducaron el { $day }. Hasta que un guardián de las llaves de su organización las renueve, nadie puede escribirles.
frame-ends-go = Renovar las llaves
frame-to-go = Cartas selladas en este dispositivo y aún sin enviar: { $count }. Salen solas en cuanto se pueda llegar al nodo y haya una página abierta aquí.
frame-gone = Cartas que esperaban en este dispositivo y ya se han enviado: { $count }.
offline-title = No se puede llegar al nodo
offline-help = Ahora no hay red, o el nodo no responde. En este dispositivo no se ha perdido nada. Si es urgente, llame.
offline-again = Intentar de nuevo
offline-drafts = Lo que empezó a escribir está guardado en este dispositivo. Se le ofrece cuando abra otra vez su página y se pueda llegar al nodo.
