frame-skip = Ir al contenido
frame-main = Principal
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
